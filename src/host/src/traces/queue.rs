//! How many spans may wait, and what is lost where they are more.

use crate::log::Log;
use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use prometheus_client::metrics::counter::Counter;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// For how long lost spans are not spoken of again: a collector may be away for days.
const QUIET: Duration = Duration::from_secs(600);

/// Room for spans that wait, those on their way to the collector among them.
#[derive(Debug)]
pub(super) struct Room {
    most: usize,
    waiting: AtomicUsize,
    lost: Counter,
    log: Log,
    told: Mutex<Option<Instant>>,
}

impl Room {
    /// Room for `most`.
    pub(super) fn new(most: usize, lost: Counter, log: &Log) -> Self {
        Self {
            most,
            waiting: AtomicUsize::new(0),
            lost,
            log: log.clone(),
            told: Mutex::default(),
        }
    }

    /// Whether there is room for one more, which waits from now on.
    fn enter(&self) -> bool {
        let is_free = self.waiting.fetch_add(1, Relaxed) < self.most;
        if !is_free {
            self.waiting.fetch_sub(1, Relaxed);
            self.lose(1, "more than the collector takes");
        }
        is_free
    }

    fn leave(&self, spans: usize) {
        self.waiting.fetch_sub(spans, Relaxed);
    }

    /// What waits will not be sent any more.
    pub(super) fn give_up(&self) {
        let left = self.waiting.swap(0, Relaxed);
        self.lost.inc_by(left as u64);
        let message =
            format!("{left} spans were lost at the end: the collector did not take them in time");
        self.log.error("traces", &message);
    }

    fn lose(&self, spans: usize, why: &str) {
        self.lost.inc_by(spans as u64);
        // Whoever holds it is about to tell.
        let Ok(mut told) = self.told.try_lock() else {
            return;
        };
        if told.is_none_or(|told| told.elapsed() > QUIET) {
            *told = Some(Instant::now());
            let message = format!(
                "spans are lost: {why}; viewers do not wait for them, and reelgate_spans_lost_total counts them"
            );
            self.log.error("traces", &message);
        }
    }
}

/// The way into the queue.
#[derive(Debug)]
pub(super) struct Bounded {
    queue: BatchSpanProcessor,
    room: Arc<Room>,
}

impl Bounded {
    pub(super) fn new(queue: BatchSpanProcessor, room: &Arc<Room>) -> Self {
        let room = Arc::clone(room);
        Self { queue, room }
    }
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.queue.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.room.enter() {
            self.queue.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.queue.force_flush()
    }

    fn shutdown_with_timeout(&self, limit: Duration) -> OTelSdkResult {
        self.queue.shutdown_with_timeout(limit)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.queue.set_resource(resource);
    }
}

/// The way out of it.
#[derive(Debug)]
pub(super) struct Counting<E> {
    exporter: E,
    room: Arc<Room>,
}

impl<E> Counting<E> {
    pub(super) fn new(exporter: E, room: &Arc<Room>) -> Self {
        let room = Arc::clone(room);
        Self { exporter, room }
    }
}

impl<E: SpanExporter> SpanExporter for Counting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let exported = self.exporter.export(batch).await;
        self.room.leave(spans);
        if let Err(error) = &exported {
            let why = match error {
                OTelSdkError::InternalFailure(why) => why.clone(),
                other => other.to_string(),
            };
            self.room.lose(spans, &why);
        }
        exported
    }

    fn shutdown_with_timeout(&self, limit: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(limit)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

//! The body of an answer, which ends with a line in the log.

use crate::http::asked::Asked;
use crate::http::connection::activity::InFlight;
use crate::http::request_id::RequestId;
use crate::log::{Access, Log};
use crate::metrics::Counted;
use crate::metrics::route::{Over, RouteMetrics};
use crate::traces::server_span::ServerSpan;
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use reelgate_core::gate::{LogFields, Reason};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use wasmtime_wasi_http::{Error, WasiBody};

/// What the log will say of a request.
pub(crate) struct Entry {
    pub(crate) log: Log,
    pub(crate) id: RequestId,
    pub(crate) peer: Arc<str>,
    pub(crate) method: Method,
    pub(crate) asked: Asked,
    pub(crate) route: Arc<RouteMetrics>,
    pub(crate) status: StatusCode,
    pub(crate) arrived: Instant,
    /// What the gate reports.
    pub(crate) fields: String,
    /// The request's, where it is traced.
    pub(crate) span: Option<Box<ServerSpan>>,
    /// Among the requests in flight.
    pub(crate) _in_flight: Counted,
}

impl Entry {
    fn write(&mut self, bytes: u64, complete: bool, is_broken: bool) {
        let span = self.span.take();
        let trace_id = span.as_deref().map(ServerSpan::trace_id);
        let fields = LogFields::parse(&self.fields);
        let duration = self.arrived.elapsed();
        let over = Over {
            status: self.status.as_u16(),
            reason: fields.reason,
            bytes,
            duration,
            complete,
        };
        self.route.over(&over);
        if let Some(span) = span {
            span.end(&self.method, self.route.name(), &over, is_broken);
        }
        self.log.access(&Access {
            request_id: self.id.as_str(),
            client: &self.peer,
            method: self.method.as_str(),
            host: &self.asked.host(),
            http: self.asked.http(),
            tls: self.asked.tls,
            user_agent: &self.asked.user_agent(),
            route: self.route.name(),
            status: self.status.as_u16(),
            bytes,
            duration,
            complete,
            game: fields.game.as_deref().unwrap_or_default(),
            subject: fields.subject.as_deref().unwrap_or_default(),
            reason: fields.reason.map_or("", Reason::as_str),
            trace_id: trace_id.as_deref().unwrap_or_default(),
        });
    }
}

/// A body that counts itself and, when it is over, writes the request's line.
pub(crate) struct LoggedBody {
    body: WasiBody,
    entry: Entry,
    sent: u64,
    /// Bytes to come, where the body knows.
    left: Option<u64>,
    ended: bool,
    /// The sender broke off.
    broken: bool,
    _in_flight: InFlight,
}

impl LoggedBody {
    pub(crate) fn new(body: WasiBody, entry: Entry, in_flight: InFlight) -> Self {
        // hyper does not ask a body for more once it has what was announced, nor that of a HEAD.
        let left = match entry.method {
            Method::HEAD => Some(0),
            _ => body.size_hint().exact(),
        };
        Self {
            body,
            entry,
            sent: 0,
            left,
            ended: false,
            broken: false,
            _in_flight: in_flight,
        }
    }
}

impl Body for LoggedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                self.sent += length;
                self.left = self.left.map(|left| left.saturating_sub(length));
            }
            Poll::Ready(None) => self.ended = true,
            Poll::Ready(Some(Err(_))) => self.broken = true,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        // To HEAD the length is that of the object and the body has none of it: hyper, for HTTP/2,
        // would take the difference for a broken transfer.
        self.left == Some(0) || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for LoggedBody {
    fn drop(&mut self) {
        let complete = self.ended || self.left == Some(0) || self.body.is_end_stream();
        self.entry.write(self.sent, complete, self.broken);
    }
}

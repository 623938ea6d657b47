//! The body of an answer, which ends with a line in the log.

use crate::http::asked::Asked;
use crate::http::connection::activity::InFlight;
use crate::http::request_id::RequestId;
use crate::log::{Access, Log};
use crate::metrics::Counted;
use crate::metrics::route::{Over, RouteMetrics};
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
    /// Among the requests in flight.
    pub(crate) _in_flight: Counted,
}

impl Entry {
    fn write(&self, bytes: u64, complete: bool) {
        let fields = LogFields::parse(&self.fields);
        let duration = self.arrived.elapsed();
        self.route.over(&Over {
            status: self.status.as_u16(),
            reason: fields.reason,
            bytes,
            duration,
            complete,
        });
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
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
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
        self.entry.write(self.sent, complete);
    }
}

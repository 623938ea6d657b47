//! An answer on its way to the log and to the player.

use http::Response;
use reelgate_core::gate::LOG_HEADER;
use wasmtime_wasi_http::WasiBody;

/// An answer, and what the log may know of who asked (see [`LogFields`](reelgate_core::gate::LogFields)).
pub(crate) struct Answered {
    pub(crate) response: Response<WasiBody>,
    pub(crate) log: String,
}

impl From<Response<WasiBody>> for Answered {
    /// Takes what a component reports out of its answer.
    fn from(mut response: Response<WasiBody>) -> Self {
        let log = response.headers_mut().remove(LOG_HEADER);
        let log = log.and_then(|log| log.to_str().map(String::from).ok());
        Self {
            response,
            log: log.unwrap_or_default(),
        }
    }
}

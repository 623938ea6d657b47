//! What systemd hands over, and what it wants to hear. Without it nothing of this happens.

use crate::exit::{Failure, Kind};
use listenfd::ListenFd;
use reelgate_host::Log;
use std::net::TcpListener;

/// The socket that systemd opened for this process (`LISTEN_FDS`): connections wait in it while one process takes the
/// place of another.
pub(super) fn socket() -> Result<Option<TcpListener>, Failure> {
    let mut sockets = ListenFd::from_env();
    if sockets.len() > 1 {
        let message = format!("{} sockets were handed over: one is served", sockets.len());
        return Err(Failure::new(Kind::Configuration, message)
            .with_help("give the .socket unit one ListenStream="));
    }
    sockets.take_tcp_listener(0).map_err(|error| {
        let message = format!("the socket that was handed over cannot be used: {error}");
        Failure::new(Kind::Configuration, message)
            .with_help("give the .socket unit a port, or an address and a port, as ListenStream=")
    })
}

/// Requests are answered.
pub(super) fn ready(log: &Log) {
    #[cfg(target_os = "linux")]
    notify(log, Ok(vec![sd_notify::NotifyState::Ready]));
    #[cfg(not(target_os = "linux"))]
    let _ = log;
}

/// The configuration is being read again; [`ready`] ends that.
pub(super) fn reloading(log: &Log) {
    #[cfg(target_os = "linux")]
    notify(
        log,
        sd_notify::NotifyState::monotonic_usec_now()
            .map(|now| vec![sd_notify::NotifyState::Reloading, now]),
    );
    #[cfg(not(target_os = "linux"))]
    let _ = log;
}

/// The last answers are being sent.
pub(super) fn stopping(log: &Log) {
    #[cfg(target_os = "linux")]
    notify(log, Ok(vec![sd_notify::NotifyState::Stopping]));
    #[cfg(not(target_os = "linux"))]
    let _ = log;
}

#[cfg(target_os = "linux")]
fn notify(log: &Log, states: std::io::Result<Vec<sd_notify::NotifyState<'_>>>) {
    if let Err(error) = states.and_then(|states| sd_notify::notify(&states)) {
        log.error("host", &format!("systemd cannot be told: {error}"));
    }
}

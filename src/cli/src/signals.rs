//! Being asked to stop.

use std::io;

/// Completes when the process is asked to stop, by Ctrl-C or SIGTERM. It listens from the call on,
/// so that nothing is missed before it is awaited.
///
/// # Errors
/// When the system does not let signals be watched.
pub(crate) fn stop_requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Without a signal to wait for, the process runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Being asked to read the configuration again, by SIGHUP.
pub(crate) struct Hangups(#[cfg(unix)] tokio::signal::unix::Signal);

/// Catches SIGHUP from the call on; it would end the process otherwise.
///
/// # Errors
/// When the system does not let signals be watched.
pub(crate) fn hangups() -> io::Result<Hangups> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Hangups(signal(SignalKind::hangup())?))
    }
    #[cfg(not(unix))]
    Ok(Hangups())
}

impl Hangups {
    /// Waits for the next one. Several that come at once are one.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if self.0.recv().await.is_some() {
            return;
        }
        std::future::pending().await
    }
}

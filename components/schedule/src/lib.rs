//! Has the reconciler sweep when Spin's cron trigger, or the host's own, says so.
//!
//! Imports the reconciler alone. A component of its own, for a host without `spin:cron` is to see nothing of it.

struct Schedule;

reelgate_wasi::export_scheduled!(Schedule);
reelgate_wasi::import_reconciler!();

impl reelgate_wasi::Scheduled for Schedule {
    async fn run() -> Result<(), String> {
        reconciler::sweep().await
    }
}

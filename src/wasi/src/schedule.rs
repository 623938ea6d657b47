//! Being run by a schedule: Spin's cron trigger, or the host's own.

/// What is done when the schedule says so.
pub trait Scheduled {
    /// Does it.
    ///
    /// # Errors
    ///
    /// Why it was not done, for the operator.
    fn run() -> impl Future<Output = Result<(), String>>;
}

/// Exports a type as the cron component of `spin:cron`. It implements [`Scheduled`](crate::Scheduled).
///
/// The bindings are made in the component's own crate: their world brings types as imports, which no other
/// component is to have.
#[macro_export]
macro_rules! export_scheduled {
    ($type:ident) => {
        #[allow(
            unsafe_code,
            missing_docs,
            clippy::all,
            reason = "generated: foreign calls need it"
        )]
        mod schedule_bindings {
            wit_bindgen::generate!({
                path: "../../wit",
                world: "scheduled",
                generate_all,
            });
        }

        impl schedule_bindings::Guest for $type {
            async fn handle_cron_event(
                _: schedule_bindings::Metadata,
            ) -> Result<(), schedule_bindings::Error> {
                let done = <$type as $crate::Scheduled>::run().await;
                done.map_err(schedule_bindings::Error::Other)
            }
        }

        schedule_bindings::export!($type with_types_in schedule_bindings);
    };
}

//! Being run by a schedule: Spin's cron trigger, or the host's own.

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "scheduled",
        pub_export_macro: true,
        default_bindings_module: "reelgate_wasi::schedule::bindings",
        generate_all,
    });
}

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
#[macro_export]
macro_rules! export_scheduled {
    ($type:ident) => {
        impl $crate::schedule::bindings::Guest for $type {
            async fn handle_cron_event(
                _: $crate::schedule::bindings::Metadata,
            ) -> Result<(), $crate::schedule::bindings::Error> {
                let done = <$type as $crate::Scheduled>::run().await;
                done.map_err($crate::schedule::bindings::Error::Other)
            }
        }

        $crate::schedule::bindings::export!($type with_types_in $crate::schedule::bindings);
    };
}

//! The reconciler's sweep: being it, asking for it, and being run by a schedule that asks for it.

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "reconciler-provider",
        pub_export_macro: true,
        default_bindings_module: "reelgate_wasi::schedule::bindings",
    });
}

/// What a reconciler does for whoever has a schedule: `wit/reconciler.wit`.
pub use bindings::exports::reelgate::reconciler::sweep::Guest as Reconciler;

/// Exports a type as the reconciler. It implements [`Reconciler`](crate::Reconciler).
#[macro_export]
macro_rules! export_reconciler {
    ($type:ident) => {
        $crate::schedule::bindings::export!($type with_types_in $crate::schedule::bindings);
    };
}

/// Imports the reconciler, as a module `reconciler`.
#[macro_export]
macro_rules! import_reconciler {
    () => {
        #[allow(
            unsafe_code,
            missing_docs,
            clippy::all,
            reason = "generated: foreign calls need it"
        )]
        mod reconciler_bindings {
            wit_bindgen::generate!({
                path: "../../wit",
                world: "reconciler-client",
                generate_all,
            });
        }

        use reconciler_bindings::reelgate::reconciler::sweep as reconciler;
    };
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

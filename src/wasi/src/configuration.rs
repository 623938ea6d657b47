//! Being the configuration of other components, instead of reading it.

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "environment-configuration",
        pub_export_macro: true,
        default_bindings_module: "reelgate_wasi::configuration::bindings",
    });
}

#[doc(hidden)]
pub use bindings::exports;

/// Where configuration comes from.
pub trait Configuration {
    /// The value of the variable `name`, written in lower case; `None` when it is not set.
    fn get(name: &str) -> Option<String>;
}

/// Exports a type as `wasi:config/store`. It implements [`Configuration`](crate::Configuration).
#[macro_export]
macro_rules! export_configuration {
    ($type:ident) => {
        impl $crate::configuration::exports::wasi::config::store::Guest for $type {
            fn get(
                key: String,
            ) -> Result<Option<String>, $crate::configuration::exports::wasi::config::store::Error> {
                Ok(<$type as $crate::Configuration>::get(&key))
            }

            /// Nobody here asks for all; naming the environment's secrets to whoever does would be no
            /// service.
            fn get_all() -> Result<
                Vec<(String, String)>,
                $crate::configuration::exports::wasi::config::store::Error,
            > {
                Ok(Vec::new())
            }
        }

        $crate::configuration::bindings::export!($type with_types_in $crate::configuration::bindings);
    };
}

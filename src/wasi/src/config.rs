//! Configuration from the host, parsed once per instance.

use crate::bindings::wasi::config::store;
use crate::log::{Level, log};
use reelgate_core::config::Problems;
use std::sync::OnceLock;

/// The value of a variable. An empty value, an unset variable and one the host refuses to give are
/// the same to us: not configured.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    store::get(name)
        .ok()
        .flatten()
        .filter(|value| !value.is_empty())
}

/// Something every request of an instance shares because it is the same for all: the parsed
/// configuration. Nothing of a request may lie in here.
#[derive(Debug)]
pub struct OncePerInstance<T>(OnceLock<Option<T>>);

impl<T> OncePerInstance<T> {
    /// Not parsed yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The configuration, parsed at the first call; `None` when it is broken, which is logged once.
    pub fn get(&self, parse: impl FnOnce() -> Result<T, Problems>) -> Option<&T> {
        self.0
            .get_or_init(|| {
                parse()
                    .inspect_err(|problems| {
                        log(Level::Error, &format!("misconfigured: {problems}"))
                    })
                    .ok()
            })
            .as_ref()
    }
}

impl<T> Default for OncePerInstance<T> {
    fn default() -> Self {
        Self::new()
    }
}

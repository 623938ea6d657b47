//! The service of one worker, which another takes the place of when the application is loaded again.

use crate::http::service::Service;
use std::sync::{Arc, PoisonError, RwLock};

/// What answers new requests. Those in flight keep what they began with.
pub(crate) struct Current(RwLock<Arc<Service>>);

impl Current {
    pub(crate) fn new(service: Service) -> Self {
        Self(RwLock::new(Arc::new(service)))
    }

    /// What answers a request that arrives now.
    pub(crate) fn get(&self) -> Arc<Service> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// Has `service` answer from now on.
    pub(crate) fn replace(&self, service: Service) {
        let service = Arc::new(service);
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, service);
        drop(current);
        // Not under the lock: its instances are given back.
        drop(old);
    }
}

//! The certificate that handshakes are answered with just now.

use crate::http::tls::issued::{Issued, Validity};
use crate::metrics::Metrics;
use rustls::sign::CertifiedKey;
use std::sync::{Arc, PoisonError, RwLock};

/// A certificate, or none yet; another takes its place while connections are open.
#[derive(Debug)]
pub(crate) struct InForce {
    /// What the metrics call the one who gave it.
    source: &'static str,
    issued: RwLock<Option<Arc<Issued>>>,
}

impl InForce {
    /// Starts with what there is.
    pub(crate) fn new(source: &'static str, issued: Option<Issued>) -> Self {
        Self {
            source,
            issued: RwLock::new(issued.map(Arc::new)),
        }
    }

    /// What a handshake is answered with.
    pub(crate) fn key(&self) -> Option<Arc<CertifiedKey>> {
        self.with(|issued| Arc::clone(&issued.key))
    }

    /// From when until when it is good.
    pub(crate) fn validity(&self) -> Option<Validity> {
        self.with(|issued| issued.validity)
    }

    /// Has another take its place, for connections that are opened from then on.
    pub(crate) fn replace(&self, issued: Issued, metrics: &Metrics) {
        let issued = Some(Arc::new(issued));
        *self.issued.write().unwrap_or_else(PoisonError::into_inner) = issued;
        self.count(metrics);
    }

    /// Has the metrics say when it ends.
    pub(crate) fn count(&self, metrics: &Metrics) {
        if let Some(validity) = self.validity() {
            metrics.tls().expires(self.source, validity.not_after);
        }
    }

    fn with<T>(&self, read: impl FnOnce(&Issued) -> T) -> Option<T> {
        let issued = self.issued.read().unwrap_or_else(PoisonError::into_inner);
        issued.as_deref().map(read)
    }
}

//! Certificates from an authority by ACME (RFC 8555), proved at the TLS port itself (RFC 8737).
//!
//! A thread of its own asks for the first certificate, and for the next one when a third of a life is left. What was
//! given is kept, so that a start asks for nothing.

mod challenges;
mod domain;
mod order;
mod renewal;
mod store;
mod transport;

pub use crate::http::tls::acme::domain::{Contact, Directory, Domain};

use crate::http::tls::acme::challenges::{Challenges, is_of_authority};
use crate::http::tls::acme::order::{Attempt, OrderError};
use crate::http::tls::acme::renewal::{Backoff, SOONEST, due};
use crate::http::tls::acme::store::Store;
use crate::http::tls::client_config;
use crate::http::tls::in_force::InForce;
use crate::http::tls::issued::Issued;
use crate::log::Log;
use crate::surroundings::Surroundings;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::Notify;

/// How long is slept at most: a clock that is set, or stood still with its machine, is noticed by then.
const LOOK: Duration = Duration::from_secs(3600);

/// Which certificate is wanted, and from whom.
#[derive(Clone, Debug)]
pub struct AcmeOptions {
    /// The names that it is for; one at least.
    pub domains: Vec<Domain>,
    /// Whom the authority may write to.
    pub contacts: Vec<Contact>,
    /// The authority.
    pub directory: Directory,
    /// Certificates in PEM that vouch for the authority's own server, instead of those of the operating system.
    pub roots: Option<PathBuf>,
    /// Where account and certificates are kept, in a folder for each authority.
    pub folder: PathBuf,
}

/// Why no authority can be asked.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// The file of roots.
    #[error("cannot use {}: {cause}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The folder of certificates.
    #[error("cannot keep certificates in {}: {cause}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// A certificate that an authority gives and renews.
#[derive(Debug)]
pub struct Acme {
    options: AcmeOptions,
    /// Where the operating system's roots are not to vouch for the authority.
    tls: Option<Arc<rustls::ClientConfig>>,
    store: Store,
    /// What is wrong with the certificate that was kept.
    unusable: Option<String>,
    in_force: InForce,
    challenges: Challenges,
    again: Notify,
}

impl Acme {
    /// Takes the certificate that was kept, where there is one for these names. Nobody is asked yet.
    ///
    /// # Errors
    ///
    /// The file of roots cannot be used, or the folder cannot be made.
    pub fn open(options: AcmeOptions) -> Result<Arc<Self>, AcmeError> {
        let tls = options.roots.as_deref().map(vouched_for_by).transpose()?;
        let store = Store::open(&options.folder, &options.directory);
        let store = store.map_err(|cause| AcmeError::Folder {
            path: options.folder.clone(),
            cause,
        })?;
        let (kept, unusable) = match store.certificate() {
            Ok(kept) => (kept.filter(|kept| is_for(kept, &options.domains)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Ok(Arc::new(Self {
            options,
            tls,
            store,
            unusable,
            in_force: InForce::new("acme", kept),
            challenges: Challenges::default(),
            again: Notify::new(),
        }))
    }

    /// Has an authority that gave nothing asked again at once.
    pub(crate) fn reload(&self) {
        self.again.notify_one();
    }

    /// Asks for certificates for as long as the process lives.
    ///
    /// # Errors
    ///
    /// There is no thread to be had.
    pub(crate) fn watch(self: &Arc<Self>, around: &Surroundings) -> io::Result<()> {
        self.in_force.count(&around.metrics);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (acme, around) = (Arc::clone(self), around.clone());
        let mut stop = around.stop.clone();
        let watch = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = acme.renew(&around) => {}
                    _ = stop.wait_for(|stop| *stop) => {}
                }
            });
        };
        thread::Builder::new().name("acme".into()).spawn(watch)?;
        Ok(())
    }

    fn domains(&self) -> &[Domain] {
        &self.options.domains
    }

    fn contacts(&self) -> impl Iterator<Item = &str> {
        self.options.contacts.iter().map(Contact::as_str)
    }

    fn directory(&self) -> &Directory {
        &self.options.directory
    }

    async fn renew(&self, around: &Surroundings) {
        self.introduce(&around.log);
        let mut backoff = Backoff::default();
        let mut next = self.due();
        loop {
            tokio::select! {
                () = reached(next) => {}
                () = self.again.notified() => {}
            }
            if self.take_what_is_kept(around) {
                backoff = Backoff::default();
            }
            if self.due() > now() {
                next = self.due();
                continue;
            }
            match self.order(around).await {
                Ok(()) => {
                    backoff = Backoff::default();
                    next = self.due().max(now() + seconds(SOONEST));
                }
                Err(error) => {
                    let wait = backoff.wait(error.retry_after);
                    self.tell_failure(&around.log, &error.why, wait);
                    next = now() + seconds(wait);
                }
            }
        }
    }

    /// When the next certificate is wanted: at once while there is none.
    fn due(&self) -> i64 {
        self.in_force.validity().map_or(0, due)
    }

    /// Another process with the same folder may have asked already. Whether it has.
    fn take_what_is_kept(&self, around: &Surroundings) -> bool {
        let Ok(Some(kept)) = self.store.certificate() else {
            return false;
        };
        let is_newer = |validity| kept.validity.not_after > validity;
        let newer = self.in_force.validity().map(|it| it.not_after);
        if !is_for(&kept, self.domains()) || !newer.is_none_or(is_newer) {
            return false;
        }
        self.put_in_force(kept, around);
        true
    }

    async fn order(&self, around: &Surroundings) -> Result<(), OrderError> {
        let tls = self.tls.as_ref().unwrap_or(&around.client_tls);
        let attempt = Attempt::new(self, tls, &around.log);
        let pem = attempt.certificate().await?;
        let issued = Issued::from_pem(pem.as_bytes()).map_err(|error| OrderError {
            why: format!("what it gave is none: {error}"),
            retry_after: None,
        })?;
        if let Err(error) = self.store.keep_certificate(&pem) {
            self.tell_not_kept(&around.log, &error);
        }
        self.put_in_force(issued, around);
        Ok(())
    }

    fn put_in_force(&self, issued: Issued, around: &Surroundings) {
        let message = format!(
            "a certificate for {} is in force until {}",
            self.names(),
            issued.validity
        );
        self.in_force.replace(issued, &around.metrics);
        around.log.info(&message);
    }

    fn introduce(&self, log: &Log) {
        let (names, directory) = (self.names(), self.directory());
        if let Some(why) = &self.unusable {
            let folder = self.store.folder().display();
            let message =
                format!("the certificate in {folder} cannot be used, another is asked for: {why}");
            log.error("host", &message);
        }
        log.info(&match self.in_force.validity() {
            Some(validity) => format!("the certificate for {names} is in force until {validity}"),
            None => format!(
                "waiting for a certificate for {names} from {directory}, which connects to port 443 of each name: \
                 nobody else can connect before"
            ),
        });
    }

    fn tell_failure(&self, log: &Log, why: &str, wait: Duration) {
        let kept = match self.in_force.validity() {
            Some(validity) => format!("the one in force ends {validity}"),
            None => "nobody can connect".to_owned(),
        };
        let message = format!(
            "no certificate for {} from {}: {why}; {kept}; the next try is in {} s",
            self.names(),
            self.directory(),
            wait.as_secs()
        );
        log.error("host", &message);
    }

    fn tell_not_kept(&self, log: &Log, error: &io::Error) {
        let folder = self.store.folder().display();
        let message = format!(
            "cannot write to {folder}: {error}; the next start has to ask the authority again, which allows \
             that a few times a week"
        );
        log.error("host", &message);
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.domains().iter().map(Domain::as_str).collect();
        names.join(", ")
    }
}

impl ResolvesServerCert for Acme {
    /// The authority gets its proof and nothing else. A handshake that finds nothing fails (`access_denied`).
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match is_of_authority(&hello) {
            true => self.challenges.answer(&hello),
            false => self.in_force.key(),
        }
    }
}

/// Whether a certificate is for all of these names.
fn is_for(issued: &Issued, domains: &[Domain]) -> bool {
    domains.iter().all(|domain| issued.is_for(domain.as_str()))
}

fn vouched_for_by(path: &Path) -> Result<Arc<rustls::ClientConfig>, AcmeError> {
    let unusable = |cause: String| AcmeError::Roots {
        path: path.to_owned(),
        cause,
    };
    let mut roots = rustls::RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path);
    for certificate in certificates.map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        let added = roots.add(certificate);
        added.map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("it holds no certificate in PEM".to_owned()));
    }
    client_config(roots).map_err(|error| unusable(error.to_string()))
}

/// Seconds since 1970.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// Waits until so many seconds after 1970.
async fn reached(time: i64) {
    loop {
        let left = u64::try_from(time.saturating_sub(now())).unwrap_or(0);
        if left == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_secs(left).min(LOOK)).await;
    }
}

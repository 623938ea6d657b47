//! Options of certificates that an authority gives.

use crate::exit::{Failure, Kind};
use clap::Args;
use reelgate_host::{Acme, AcmeError, AcmeOptions, Contact, Directory, Domain};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Gets a certificate from an authority, instead of from files.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AcmeArgs {
    /// Gets a certificate for this name by ACME, and renews it; turns TLS on. May be given more than once. Whoever
    /// gives it agrees to the terms of the authority.
    #[arg(long, value_name = "DOMAIN", value_delimiter = ',', conflicts_with_all = ["tls_cert", "tls_key"])]
    acme: Vec<Domain>,
    /// Whom the authority may write to, such as mailto:ada@example.com; of a new account.
    #[arg(long, value_name = "MAILTO", value_delimiter = ',', requires = "acme")]
    acme_contact: Vec<Contact>,
    /// The authority: the address of its directory.
    #[arg(long, value_name = "URL", default_value = Directory::LETS_ENCRYPT, requires = "acme")]
    acme_directory: Directory,
    /// Certificates in PEM that vouch for the authority's own server; those of the operating system unless given.
    #[arg(long, value_name = "FILE", requires = "acme")]
    acme_ca: Option<PathBuf>,
    /// Where account and certificates are kept; a folder in --data unless given.
    #[arg(long, value_name = "DIR", requires = "acme")]
    acme_cache: Option<PathBuf>,
}

impl AcmeArgs {
    /// The certificate, where one is wanted; kept in the folder `state` unless another was named.
    pub(super) fn open(&self, state: &Path) -> Result<Option<Arc<Acme>>, Failure> {
        if self.acme.is_empty() {
            return Ok(None);
        }
        let options = AcmeOptions {
            domains: self.acme.clone(),
            contacts: self.acme_contact.clone(),
            directory: self.acme_directory.clone(),
            roots: self.acme_ca.clone(),
            folder: self
                .acme_cache
                .clone()
                .unwrap_or_else(|| state.join("acme")),
        };
        Acme::open(options).map(Some).map_err(failure)
    }
}

fn failure(error: AcmeError) -> Failure {
    let (kind, help) = match &error {
        AcmeError::Roots { .. } => (
            Kind::Configuration,
            "give the authority's root in PEM with --acme-ca",
        ),
        AcmeError::Folder { .. } => (
            Kind::Failed,
            "choose a folder that can be written to with --acme-cache",
        ),
    };
    Failure::new(kind, error).with_help(help)
}

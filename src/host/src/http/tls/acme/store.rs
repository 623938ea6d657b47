//! What an authority gave, on disk: the account and the certificate, for the owner of the process alone.

use crate::http::tls::TlsError;
use crate::http::tls::acme::domain::Directory;
use crate::http::tls::issued::Issued;
use instant_acme::AccountCredentials;
use serde_json::Value;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The account's address and key.
const ACCOUNT: &str = "account.json";
/// The certificate's key, and the certificates, in one file: they are never of two orders.
const CERTIFICATE: &str = "certificate.pem";

/// The folder of one authority.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    directory: Directory,
}

impl Store {
    /// Makes a folder for the authority below `parent`.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub(super) fn open(parent: &Path, directory: &Directory) -> io::Result<Self> {
        let folder = parent.join(directory.folder());
        make_folder(&folder)?;
        Ok(Self {
            folder,
            directory: directory.clone(),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The certificate that was kept last, where there is one.
    ///
    /// # Errors
    ///
    /// It cannot be read or used.
    pub(super) fn certificate(&self) -> Result<Option<Issued>, StoreError> {
        match self.read(CERTIFICATE)? {
            Some(pem) => Ok(Some(Issued::from_pem(&pem)?)),
            None => Ok(None),
        }
    }

    /// Keeps key and certificates.
    ///
    /// # Errors
    ///
    /// The disk says no.
    pub(super) fn keep_certificate(&self, pem: &str) -> io::Result<()> {
        self.write(CERTIFICATE, pem.as_bytes())
    }

    /// The account that was kept last, where there is one of this authority.
    ///
    /// # Errors
    ///
    /// It cannot be read or used.
    pub(super) fn account(&self) -> Result<Option<AccountCredentials>, StoreError> {
        let Some(text) = self.read(ACCOUNT)? else {
            return Ok(None);
        };
        let value: Value = serde_json::from_slice(&text)?;
        // It says itself whom its key is shown to.
        if value["directory"] != self.directory.as_str() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_value(value)?))
    }

    /// Keeps an account.
    ///
    /// # Errors
    ///
    /// The disk says no.
    pub(super) fn keep_account(&self, account: &AccountCredentials) -> io::Result<()> {
        self.write(ACCOUNT, &serde_json::to_vec(account)?)
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.folder.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a file that is there whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // Made with the mode 0600.
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(self.folder.join(name))?;
        Ok(())
    }
}

/// Why something that was kept cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    #[error("{0}")]
    Certificate(#[from] TlsError),
    #[error("{0}")]
    Account(#[from] serde_json::Error),
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

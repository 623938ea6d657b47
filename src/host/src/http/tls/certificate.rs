//! The server's certificate and key: read at the start, when somebody asks for it, and when their files change.

use crate::http::tls::TlsError;
use crate::http::tls::in_force::InForce;
use crate::http::tls::issued::Issued;
use crate::log::Log;
use crate::metrics::reloads::Reloaded;
use crate::surroundings::Surroundings;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

/// How often the files are looked at. A change is taken when it has stayed for one look more: certificate and key
/// are written one after the other.
const LOOK: Duration = Duration::from_secs(2);

/// A certificate for every name, and its key.
#[derive(Debug)]
pub struct Certificate {
    files: Files,
    /// Of the files that were read at the start.
    stamps: Stamps,
    in_force: InForce,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificate {
    /// Reads two PEM files: the certificates, the server's own first, and the private key.
    ///
    /// # Errors
    ///
    /// Names the file that cannot be used, or says that they do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        // Before they are read: what changes in between is a change.
        let stamps = files.stamps();
        let in_force = InForce::new("files", Some(files.read()?));
        Ok(Arc::new(Self {
            files,
            stamps,
            in_force,
        }))
    }

    /// Reads the files again, for connections that are opened from then on. The old ones stay in force where the new
    /// ones cannot be used. The log says either.
    pub(crate) fn reload(&self, around: &Surroundings) {
        let read = self.files.read();
        around
            .metrics
            .reloads()
            .count(Reloaded::Certificate, read.is_ok());
        match read {
            Ok(new) => {
                self.in_force.replace(new, &around.metrics);
                around.log.info("the certificate was read again");
            }
            Err(error) => tell_kept(&around.log, &error),
        }
    }

    /// Reads the files again whenever they change, for as long as the process lives.
    ///
    /// # Errors
    ///
    /// There is no thread to be had.
    pub(crate) fn watch(self: &Arc<Self>, around: &Surroundings) -> io::Result<()> {
        self.in_force.count(&around.metrics);
        let (certificate, around) = (Arc::clone(self), around.clone());
        let watch = move || {
            let mut changes = Changes::since(certificate.stamps);
            loop {
                thread::sleep(LOOK);
                if changes.look(certificate.files.stamps()) {
                    certificate.reload(&around);
                }
            }
        };
        thread::Builder::new()
            .name("certificate".into())
            .spawn(watch)?;
        Ok(())
    }
}

fn tell_kept(log: &Log, error: &TlsError) {
    let message = format!("{error}; the certificate from before stays in force");
    log.error("host", &message);
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.in_force.key()
    }
}

impl Files {
    fn read(&self) -> Result<Issued, TlsError> {
        let file = |path: &Path| {
            let path = path.to_owned();
            move |cause| TlsError::File { path, cause }
        };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(file(&self.certificate))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(file(&self.key))?;
        Issued::new(chain, key)
    }

    fn stamps(&self) -> Stamps {
        [&self.certificate, &self.key].map(|path| Stamp::of(path))
    }
}

/// Of the certificate's file and the key's.
type Stamps = [Option<Stamp>; 2];

/// What differs when a file was written, or another has taken its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl Stamp {
    /// Of the file that `path` leads to, through links; `None` while there is none.
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            inode: inode(&metadata),
        })
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

/// Notices a change once it has settled.
struct Changes<T> {
    taken: T,
    last: T,
}

impl<T: PartialEq + Copy> Changes<T> {
    fn since(now: T) -> Self {
        Self {
            taken: now,
            last: now,
        }
    }

    /// Whether `now` is new, and has not changed since the last look.
    fn look(&mut self, now: T) -> bool {
        let settled = now == self.last;
        self.last = now;
        if !settled || now == self.taken {
            return false;
        }
        self.taken = now;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_once_and_not_half() {
        let mut changes = Changes::since(0);
        let taken: Vec<bool> = [0, 1, 2, 2, 2, 3, 2, 2, 0, 0]
            .into_iter()
            .map(|now| changes.look(now))
            .collect();
        let expected = [
            false, false, false, true, false, false, false, false, false, true,
        ];
        assert_eq!(taken, expected);
    }

    #[test]
    fn a_file_that_takes_anothers_place_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other, link] = ["one", "other", "link"].map(|name| folder.path().join(name));
        assert_eq!(Stamp::of(&one), None);
        fs::write(&one, "a").unwrap();
        fs::write(&other, "a").unwrap();
        let modified = fs::metadata(&one).unwrap().modified().unwrap();
        let file = fs::File::options().write(true).open(&other).unwrap();
        file.set_modified(modified).unwrap();
        std::os::unix::fs::symlink(&one, &link).unwrap();
        let before = Stamp::of(&link);
        assert_eq!(before, Stamp::of(&one));
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&other, &link).unwrap();
        assert_ne!(before, Stamp::of(&link));
    }
}

//! TLS before a bucket, by somebody else: Node's, which is OpenSSL.

use crate::bucket::Bucket;
use crate::built;
use crate::host::Settings;
use crate::process::Process;
use crate::tls::Certificate;
use std::net::SocketAddr;
use tokio::process::Command;

/// What does TLS for a bucket.
#[derive(Debug)]
pub struct Terminator {
    process: Process,
    address: SocketAddr,
}

impl Terminator {
    /// One that speaks `version` (`TLSv1.2`, `TLSv1.3`) with `certificate`.
    ///
    /// # Panics
    ///
    /// There is no Node.js.
    pub async fn start(bucket: &Bucket, certificate: &Certificate, version: &str) -> Self {
        Self::cutting(bucket, certificate, version, 0).await
    }

    /// The same, which cuts each line once it has so many bytes from the bucket; 0: never.
    ///
    /// # Panics
    ///
    /// There is no Node.js.
    pub async fn cutting(
        bucket: &Bucket,
        certificate: &Certificate,
        version: &str,
        after: usize,
    ) -> Self {
        let mut command = Command::new("node");
        command
            .arg(built::root().join("tests/src/terminator.mjs"))
            .arg(bucket.address().port().to_string())
            .args([certificate.certificate(), certificate.key()])
            .args([version, &after.to_string()]);
        let process = Process::start(&mut command);
        let address = process.address().await;
        Self { process, address }
    }

    /// A host that asks the bucket through it, and believes `certificate` alone.
    #[must_use]
    pub fn settings(&self, certificate: &Certificate) -> Settings {
        let believed = certificate.certificate();
        Settings::new(self.address)
            .variable("s3_endpoint", &format!("https://{}", self.address))
            .environment("SSL_CERT_FILE", &believed.display().to_string())
    }

    /// Ends it; gives a line for each handshake.
    pub async fn handshakes(self) -> Vec<String> {
        self.process.signal(rustix::process::Signal::TERM);
        let said = self.process.stdout().whole().await;
        said.lines().skip(1).map(str::to_owned).collect()
    }
}

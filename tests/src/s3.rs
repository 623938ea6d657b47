//! `reelgate s3`: a bucket that checks signatures, as a process.

use crate::bucket::{ACCESS_KEY_ID, NAME, SECRET_ACCESS_KEY};
use crate::built;
use crate::client::Client;
use crate::deadline::within;
use crate::process::Process;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

/// A bucket in a folder that goes away with it.
#[derive(Debug)]
pub struct S3 {
    process: Process,
    address: SocketAddr,
    data: TempDir,
}

impl S3 {
    /// An empty bucket.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub async fn start() -> Self {
        let data = TempDir::new().expect("a temporary folder");
        let mut command = Command::new(built::reelgate());
        command
            .env_clear()
            .args(["s3", "--listen", "127.0.0.1:0", "--bucket", NAME])
            .args(["--access-key-id", ACCESS_KEY_ID])
            .args(["--secret-access-key", SECRET_ACCESS_KEY])
            .arg("--data")
            .arg(data.path());
        let process = Process::start(&mut command);
        let address = process.address().await;
        Self {
            process,
            address,
            data,
        }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every object by its key: what lies in the bucket's folder.
    ///
    /// # Panics
    ///
    /// The folder cannot be read.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let bucket = self.data.path().join(NAME);
        let mut objects = BTreeMap::new();
        let mut folders = vec![bucket.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let key = path.strip_prefix(&bucket).expect("below the bucket");
                // A file that is being replaced may be gone.
                if let Ok(content) = std::fs::read(&path) {
                    objects.insert(key.to_string_lossy().into_owned(), content);
                }
            }
        }
        objects
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Uploads an object.
    ///
    /// # Panics
    ///
    /// It is refused.
    pub async fn put(&self, key: &str, kind: &str, bytes: impl Into<Bytes>) {
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY);
        let bucket = self.bucket();
        let url = bucket
            .put_object(Some(&credentials), key)
            .sign(Duration::from_secs(300));
        let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let request = http::Request::put(target)
            .header("host", self.address.to_string())
            .header("content-type", kind)
            .body(Full::new(bytes.into()))
            .expect("a request");
        let socket = TcpStream::connect(self.address).await.expect("it listens");
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await;
        let (mut sender, connection) = handshake.expect("a socket");
        tokio::spawn(connection);
        let response = within("the upload", sender.send_request(request)).await;
        let response = response.expect("an answer");
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body");
        assert_eq!(status, 200, "{:?}", body.to_bytes());
    }

    /// Somebody who asks it directly; requests have to be signed.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    fn bucket(&self) -> Bucket {
        let endpoint = format!("http://{}", self.address);
        let endpoint = endpoint.parse().expect("a URL");
        Bucket::new(endpoint, UrlStyle::Path, NAME, "auto").expect("a bucket")
    }
}

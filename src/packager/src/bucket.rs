//! The bucket, as the packager uses it.

use std::{collections::BTreeMap, error::Error as _, net::Ipv4Addr, time::Duration};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{
    Attribute, Attributes, ClientOptions, ObjectStore, PutOptions, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};

use crate::Error;

/// Time for one request, a slow line's upload of a large segment included.
const REQUEST: Duration = Duration::from_secs(600);

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// Where the bucket is and who may write to it.
#[derive(Clone)]
pub struct Config {
    /// `https://{account}.r2.cloudflarestorage.com`, `http://127.0.0.1:9000`.
    pub endpoint: String,
    /// The bucket's name.
    pub bucket: String,
    /// `auto` for R2.
    pub region: String,
    /// The public half of the key.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

impl Config {
    fn has_tls(&self) -> bool {
        reqwest::Url::parse(&self.endpoint).is_ok_and(|url| url.scheme() == "https")
    }

    /// Whether nobody can change a body on its way.
    fn is_guarded(&self) -> bool {
        let url = reqwest::Url::parse(&self.endpoint).ok();
        let is_loopback = match url.as_ref().and_then(reqwest::Url::host_str) {
            Some("localhost" | "[::1]") => true,
            Some(host) => host
                .parse::<Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback()),
            None => false,
        };
        self.has_tls() || is_loopback
    }

    /// Refuses what object_store would stumble over.
    fn check(&self) -> Result<(), Error> {
        let wrong = |setting, given: &str, what| Error::Setting {
            setting,
            given: given.to_owned(),
            what,
        };
        let url = reqwest::Url::parse(&self.endpoint);
        if !url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(wrong(
                "endpoint",
                &self.endpoint,
                "is no http:// or https:// URL",
            ));
        }
        if !s3s::path::check_bucket_name(&self.bucket) {
            return Err(wrong("bucket", &self.bucket, "cannot be a bucket's name"));
        }
        for (setting, value) in [
            ("region", &self.region),
            ("access key id", &self.access_key_id),
        ] {
            if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(wrong(
                    setting,
                    value,
                    "holds a blank or another odd character",
                ));
            }
        }
        Ok(())
    }
}

/// A bucket that can be reached, as far as is known.
pub(crate) struct Bucket {
    store: AmazonS3,
    endpoint: String,
    name: String,
}

/// Keys and sizes in bytes.
pub(crate) type Listing = BTreeMap<String, u64>;

impl Bucket {
    /// A client for the bucket; nothing is asked yet.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        config.check()?;
        let options = ClientOptions::new()
            .with_timeout(REQUEST)
            .with_connect_timeout(CONNECT)
            // Without TLS nobody needs them, and reading them takes 25 ms.
            .with_no_system_certificates(!config.has_tls());
        let builder = AmazonS3Builder::new()
            .with_endpoint(config.endpoint.trim_end_matches('/'))
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(&config.secret_access_key)
            .with_virtual_hosted_style_request(false)
            .with_client_options(options)
            // The embedded S3 of a laptop speaks no TLS.
            .with_allow_http(true)
            // A signed body is hashed here and there. TLS guards it better, and loopback needs no guard.
            .with_unsigned_payload(config.is_guarded())
            .with_retry(RetryConfig {
                max_retries: 6,
                ..Default::default()
            });
        let (endpoint, name) = (config.endpoint.clone(), config.bucket.clone());
        let store = builder
            .build()
            .map_err(|error| explain("setting up the bucket", &endpoint, &name, &error))?;
        Ok(Self {
            store,
            endpoint,
            name,
        })
    }

    /// All objects whose keys begin with the folder `prefix`.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Listing, Error> {
        let folder = self.path(prefix.trim_end_matches('/'))?;
        let objects = self
            .store
            .list(Some(&folder))
            .map_ok(|meta| (meta.location.to_string(), meta.size));
        objects
            .try_collect()
            .await
            .map_err(|error| self.explain(format!("listing {prefix}"), &error))
    }

    /// Writes one object.
    pub(crate) async fn put(
        &self,
        key: &str,
        content_type: &'static str,
        content: Vec<Bytes>,
    ) -> Result<(), Error> {
        let attributes = Attributes::from_iter([(Attribute::ContentType, content_type)]);
        let options = PutOptions {
            attributes,
            ..Default::default()
        };
        let put = self
            .store
            .put_opts(&self.path(key)?, PutPayload::from_iter(content), options)
            .await;
        put.map(drop)
            .map_err(|error| self.explain(format!("uploading {key}"), &error))
    }

    /// Deletes objects; one that is gone already is no error. Gives how many were asked for.
    pub(crate) async fn delete(&self, keys: Vec<String>) -> Result<usize, Error> {
        let paths: Vec<Path> = keys
            .iter()
            .map(|key| self.path(key))
            .collect::<Result<_, _>>()?;
        let paths = stream::iter(paths.into_iter().map(Ok)).boxed();
        let deleted = self
            .store
            .delete_stream(paths)
            .map(|deleted| match deleted {
                Err(object_store::Error::NotFound { .. }) => Ok(()),
                deleted => deleted.map(drop),
            });
        let deleted: Vec<()> = deleted
            .try_collect()
            .await
            .map_err(|error| self.explain("deleting old files".to_owned(), &error))?;
        Ok(deleted.len())
    }

    /// The client, to read with.
    pub(crate) fn store(&self) -> &AmazonS3 {
        &self.store
    }

    fn path(&self, key: &str) -> Result<Path, Error> {
        Path::parse(key).map_err(|_| Error::Key(key.to_owned()))
    }

    /// Turns what went wrong while `doing` into what to do.
    pub(crate) fn explain(&self, doing: String, error: &object_store::Error) -> Error {
        explain(&doing, &self.endpoint, &self.name, error)
    }
}

/// Turns what went wrong into what to do. S3's own words stand in an XML body inside the error's text.
fn explain(doing: &str, endpoint: &str, bucket: &str, error: &object_store::Error) -> Error {
    let told = chain(error);
    let code = told
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"));
    let code = code.map_or("", |(code, _)| code);
    let (reason, help) = match code {
        "InvalidAccessKeyId" => (
            "the bucket does not know this access key id",
            "check --access-key-id",
        ),
        "SignatureDoesNotMatch" => (
            "the secret does not belong to the access key id",
            "check REELGATE_S3_SECRET_ACCESS_KEY (or SPIN_VARIABLE_S3_SECRET_ACCESS_KEY), and --region",
        ),
        "AccessDenied" | "Unauthorized" => (
            "the bucket refuses this key",
            "give the key the right to list, read, write and delete in this bucket",
        ),
        "NoSuchBucket" => (
            "there is no such bucket",
            "check --bucket, or make the bucket first",
        ),
        "RequestTimeTooSkewed" => ("this machine's clock is wrong", "set the clock"),
        "KeyTooLongError" | "InvalidArgument" => (
            "the bucket does not take this key",
            "choose a shorter game id",
        ),
        "" if is_unreachable(&told) => (
            "it cannot be reached",
            "check --endpoint, and that the server runs",
        ),
        "" => ("it gave no usable answer", "run the command again"),
        // Its own trouble: a full disk, an outage.
        other => (
            other,
            "look into the server's log, then run the command again",
        ),
    };
    let place = format!("bucket {bucket} at {endpoint}");
    let detail = if code.is_empty() {
        format!(" ({})", last(error))
    } else {
        String::new()
    };
    Error::Bucket {
        doing: format!("{doing} in {place}"),
        reason: format!("{reason}{detail}"),
        help: help.to_owned(),
    }
}

fn is_unreachable(told: &str) -> bool {
    [
        "onnection refused",
        "dns error",
        "tcp connect error",
        "timed out",
        "unreachable",
        "error sending request",
    ]
    .iter()
    .any(|sign| told.contains(sign))
}

fn chain(error: &object_store::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

fn last(error: &object_store::Error) -> String {
    let mut last = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        last = error.to_string();
        cause = error.source();
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(endpoint: &str) -> Config {
        Config {
            endpoint: endpoint.to_owned(),
            bucket: "films".to_owned(),
            region: "auto".to_owned(),
            access_key_id: "id".to_owned(),
            secret_access_key: "secret".to_owned(),
        }
    }

    #[test]
    fn settings_no_bucket_can_have_are_refused_before_anything_is_asked() {
        assert!(config("https://a.r2.cloudflarestorage.com").check().is_ok());
        assert!(config("http://127.0.0.1:9000").check().is_ok());
        for endpoint in ["", "nonsense", "127.0.0.1:9000", "ftp://a", "http://"] {
            assert!(config(endpoint).check().is_err(), "{endpoint}");
        }
        let local = || config("http://127.0.0.1:9000");
        assert!(
            Config {
                bucket: "Films/x".to_owned(),
                ..local()
            }
            .check()
            .is_err()
        );
        assert!(
            Config {
                region: "eu\n".to_owned(),
                ..local()
            }
            .check()
            .is_err()
        );
        assert!(
            Config {
                access_key_id: "a b".to_owned(),
                ..local()
            }
            .check()
            .is_err()
        );
    }

    #[test]
    fn only_a_guarded_body_goes_unsigned() {
        for endpoint in [
            "HTTPS://a.example",
            "http://localhost:1",
            "http://127.1.2.3",
            "http://[::1]:9",
        ] {
            assert!(config(endpoint).is_guarded(), "{endpoint}");
        }
        for endpoint in [
            "http://a.example",
            "http://10.0.0.1:9000",
            "http://localhost.example",
        ] {
            assert!(!config(endpoint).is_guarded(), "{endpoint}");
        }
    }
}

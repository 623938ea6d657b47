//! Where a bucket is and who may write to it.

use std::net::Ipv4Addr;

use super::name::is_bucket_name;
use crate::Error;

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
    /// What goes with a temporary key pair.
    pub session_token: Option<String>,
}

impl Config {
    /// Whether what is sent is encrypted.
    pub(super) fn has_tls(&self) -> bool {
        reqwest::Url::parse(&self.endpoint).is_ok_and(|url| url.scheme() == "https")
    }

    /// Whether nobody can change a body on its way.
    pub(super) fn is_guarded(&self) -> bool {
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
    ///
    /// # Errors
    /// [`Error::Setting`] names the setting.
    pub(super) fn check(&self) -> Result<(), Error> {
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
        if !is_bucket_name(&self.bucket) {
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
            session_token: None,
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

//! AWS's usual places for a key pair, in the order in which its own programs look: variables of the environment,
//! `~/.aws/credentials`, a web identity, a container's credentials, an instance's metadata.

use std::{env, path::PathBuf};

use ini::Ini;
use object_store::{
    ClientOptions,
    aws::{AmazonS3Builder, AwsCredentialProvider},
};

use crate::exit::{Failure, Kind};

/// A key pair, which may be temporary.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyPair {
    /// The public half.
    pub(crate) id: String,
    /// The secret half.
    pub(crate) secret: String,
    /// What goes with a temporary one.
    pub(crate) token: Option<String>,
}

impl KeyPair {
    /// The gate's variables.
    pub(crate) fn variables(self) -> [(String, String); 3] {
        [
            ("s3_access_key_id".to_owned(), self.id),
            ("s3_secret_access_key".to_owned(), self.secret),
            (
                "s3_session_token".to_owned(),
                self.token.unwrap_or_default(),
            ),
        ]
    }
}

/// Where a key pair comes from.
pub(crate) enum Chain {
    /// It stands in a file, and does not end.
    Profile(KeyPair),
    /// It is asked for, kept while it lasts, and asked for again before it ends.
    Provider(AwsCredentialProvider),
}

impl Chain {
    /// The first place that has one; nothing is asked yet.
    ///
    /// # Errors
    /// That the environment names something that makes no sense.
    pub(crate) fn find() -> Result<Self, Failure> {
        if env::var_os("AWS_ACCESS_KEY_ID").is_none()
            && let Some(pair) = profile(credentials_file(), &profile_name())
        {
            return Ok(Self::Profile(pair));
        }
        // Instances and containers are asked over plain HTTP, on addresses of this machine alone.
        let options = ClientOptions::new().with_allow_http(true);
        let store = AmazonS3Builder::from_env()
            .with_bucket_name("any")
            .with_client_options(options)
            .build()
            .map_err(|error| Failure::new(Kind::Configuration, error))?;
        Ok(Self::Provider(store.credentials().clone()))
    }

    /// The key pair as it is now.
    ///
    /// # Errors
    /// That nobody gives one.
    pub(crate) async fn key_pair(&self) -> Result<KeyPair, Failure> {
        let provider = match self {
            Self::Profile(pair) => return Ok(pair.clone()),
            Self::Provider(provider) => provider,
        };
        let pair = provider.get_credential().await.map_err(|error| {
            Failure::new(Kind::Configuration, format!("AWS gives no key pair: {error}")).with_help(
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached; without \
                 --aws-credentials the gate's own variables are used",
            )
        })?;
        Ok(KeyPair {
            id: pair.key_id.clone(),
            secret: pair.secret_key.clone(),
            token: pair.token.clone(),
        })
    }

    /// The same for those who cannot wait in the way of async functions.
    ///
    /// # Errors
    /// As [`Chain::key_pair`].
    pub(crate) fn key_pair_now(&self) -> Result<KeyPair, Failure> {
        let failed = |error: std::io::Error| Failure::new(Kind::Failed, error);
        // A runtime cannot be started where one runs already.
        let asked = std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                runtime.map_err(failed)?.block_on(self.key_pair())
            });
            asking.join()
        });
        asked.unwrap_or_else(|_| Err(Failure::new(Kind::Failed, "the question broke off")))
    }
}

fn profile_name() -> String {
    env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned())
}

fn credentials_file() -> Option<PathBuf> {
    let named = env::var_os("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".aws/credentials")))
}

/// The key pair of a profile, where the file has one.
fn profile(file: Option<PathBuf>, name: &str) -> Option<KeyPair> {
    let file = Ini::load_from_file(file?).ok()?;
    let profile = file.section(Some(name))?;
    let text = |name: &str| profile.get(name).map(str::to_owned);
    Some(KeyPair {
        id: text("aws_access_key_id")?,
        secret: text("aws_secret_access_key")?,
        token: text("aws_session_token"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of "Configuration and credential file settings" in the AWS CLI's user guide, with its
    /// temporary profile.
    #[test]
    fn a_profile_is_read_as_by_the_aws_cli() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let text = "[default]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\n\
            aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n\n\
            [user1]\naws_access_key_id = ASIAI44QH8DHBEXAMPLE\n\
            aws_secret_access_key = je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY\n\
            aws_session_token = fcZib3JpZ2luX2IQoJb3JpZ2luX2IQoJb3JpZ2luX2IQ==\n";
        std::fs::write(&path, text).unwrap();
        let pair = profile(Some(path.clone()), "default").unwrap();
        assert_eq!(pair.id, "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(pair.secret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        assert!(pair.token.is_none());
        let pair = profile(Some(path.clone()), "user1").unwrap();
        assert_eq!(pair.secret, "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY");
        let token = "fcZib3JpZ2luX2IQoJb3JpZ2luX2IQoJb3JpZ2luX2IQ==";
        assert_eq!(pair.token.as_deref(), Some(token));
        assert!(profile(Some(path), "nobody").is_none());
        assert!(profile(Some(folder.path().join("none")), "default").is_none());
    }
}

//! A Cloudflare Stream for laptops and tests.
//!
//! It takes copies, pulls the source through its URL as Stream does (a HEAD that must tell the size in
//! `Content-Range`, then GETs of ranges), walks through Stream's states, sends a signed webhook, and
//! serves what has become ready as HLS and DASH. It misbehaves on command: see [`Mischief`]. What it
//! was asked and did can be read here or at `/control/…`, which the module `control` lists.
//!
//! It is no Stream: it checks one token, makes one quality, and forgets everything when it ends but
//! the films in its folder, which play on with the next one.

mod answer;
mod api;
mod control;
mod encode;
mod hex;
mod life;
mod list;
mod media;
mod mischief;
mod pull;
mod server;
mod video;
mod webhook;
mod world;

#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinHandle};

pub use mischief::{Call, Mischief, NoMischief, Rule};
pub use pull::Pull;
pub use video::{Facts, State, Trouble, Video};
pub use webhook::{Delivery, Subscription, signature};
pub use world::{Asked, Copies};

use hex::hex;
use world::World;

/// How long the source may take to connect, and between two pieces of its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What makes a film playable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoder {
    /// ffmpeg, which must be installed.
    Ffmpeg,
    /// Nothing: the source is fetched, and the URLs of a ready video lead nowhere. For tests.
    None,
}

/// How a fake is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address and port, `127.0.0.1:0` for a free port.
    pub listen: String,
    /// Folder for films; made when it is not there.
    pub data: PathBuf,
    /// The account's id.
    pub account_id: String,
    /// The token that clients must show.
    pub api_token: String,
    /// How long a video stays in each state.
    pub step: Duration,
    /// What makes films playable.
    pub encoder: Encoder,
    /// How many videos may be on their way before a copy is refused with 429; Stream has 120.
    pub most_in_flight: usize,
    /// What goes wrong from the start.
    pub mischief: Vec<Mischief>,
}

impl Options {
    /// Where Stream refuses further copies.
    pub const MOST_IN_FLIGHT: usize = 120;

    /// A quick fake on a free port with films in `data`, for tests.
    #[must_use]
    pub fn for_tests(data: PathBuf) -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            data,
            account_id: "test-account".to_owned(),
            api_token: "test-api-token".to_owned(),
            step: Duration::from_millis(5),
            encoder: Encoder::None,
            most_in_flight: Self::MOST_IN_FLIGHT,
            mischief: Vec::new(),
        }
    }
}

/// Why a fake does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, not ours, or no address.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address as given.
        listen: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder cannot be made.
    #[error("cannot use the folder {}", data.display())]
    Folder {
        /// The folder as given.
        data: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no TLS to fetch sources with.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
}

/// A fake at work, until it is dropped.
pub struct Fake {
    world: Arc<World>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
        self.world.stop.send_replace(true);
    }
}

impl Fake {
    /// Starts a fake; it is listening when this returns. rustls needs a provider of cryptography for
    /// the process, or the client that fetches sources cannot be made.
    ///
    /// # Errors
    /// [`Error`] says what it cannot have.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let made = tokio::fs::create_dir_all(&options.data).await;
        made.map_err(|source| Error::Folder {
            data: options.data.clone(),
            source,
        })?;
        let bound = TcpListener::bind(&options.listen).await;
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|source| Error::Listen {
            listen: options.listen.clone(),
            source,
        })?;
        let client = client().map_err(Error::Client)?;
        let world = Arc::new(World::new(options, format!("http://{address}"), client));
        let serving = tokio::spawn(server::serve(listener, Arc::clone(&world)));
        Ok(Self {
            world,
            address,
            serving,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is reached: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.world.base
    }

    /// Where its API begins: [`Fake::url`], which is what `cf_stream_api_base` must be, and the path.
    #[must_use]
    pub fn api_base(&self) -> String {
        format!("{}/client/v4", self.url())
    }

    /// Sends webhooks to this address from now on; gives the secret they are signed with.
    pub fn subscribe(&self, notification_url: &str) -> String {
        let secret = random_hex(20);
        self.world.known().subscription = Some(Subscription {
            notification_url: notification_url.to_owned(),
            secret: secret.clone(),
            modified: Timestamp::now(),
        });
        secret
    }

    /// Who is called now.
    #[must_use]
    pub fn subscription(&self) -> Option<Subscription> {
        self.world.known().subscription.clone()
    }

    /// Misbehaves from now on.
    pub fn misbehave(&self, rule: impl Into<Rule>) {
        self.world.known().rules.push(rule.into());
    }

    /// Forgets all mischief, but for videos whose copy has been accepted.
    pub fn behave(&self) {
        self.world.known().rules.clear();
    }

    /// Every request of the API so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.world.known().asked.clone()
    }

    /// Every video so far, deleted ones included.
    #[must_use]
    pub fn videos(&self) -> Vec<Video> {
        self.world.known().videos.clone()
    }

    /// Every webhook so far.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.world.known().deliveries.clone()
    }

    /// How many copies were made under this `meta.name`.
    #[must_use]
    pub fn copies(&self, name: &str) -> Copies {
        self.world.known().copies(name)
    }
}

/// Follows no redirect, for Stream does not say that it does.
fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .user_agent("reelgate-fake-stream")
        .build()
}

/// Random bytes, two digits each.
fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    // A system without randomness gives a fake uid that is not random.
    let _ = getrandom::fill(&mut random);
    hex(&random)
}

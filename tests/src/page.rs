//! The portal's page with a player in it, on an origin of its own.

use crate::built;
use crate::process::run;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::convert::Infallible;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

/// A page server. It ends when this is dropped.
#[derive(Debug)]
pub struct Page {
    port: u16,
    serving: JoinHandle<()>,
}

/// What plays in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// hls.js.
    Hls,
    /// Shaka Player.
    Shaka,
}

impl Script {
    /// Its package.
    fn name(self) -> &'static str {
        match self {
            Self::Hls => "hls.js",
            Self::Shaka => "shaka-player",
        }
    }

    /// The file that browsers load.
    fn file(self) -> PathBuf {
        let file = match self {
            Self::Hls => "hls.js/dist/hls.min.js",
            Self::Shaka => "shaka-player/dist/shaka-player.compiled.js",
        };
        folder().join("node_modules").join(file)
    }
}

/// What a browser saw, in the words of `tests/browser/play.mjs`.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are the script's own")]
pub struct Seen {
    pub played: Player,
    pub sought: Option<Player>,
    pub asked: Asked,
    pub cookies: String,
    pub responses: Vec<Told>,
}

/// The state of the player.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are the script's own")]
pub struct Player {
    pub failure: Option<Failure>,
    pub time: f64,
    pub duration: Option<f64>,
    pub frames: u64,
    pub ended: bool,
}

/// Why hls.js gave up.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the script's own")]
pub struct Failure {
    pub details: String,
    pub status: Option<u16>,
}

/// What a script of the page could read.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are the script's own")]
pub struct Asked {
    pub status: u16,
    pub reason: Option<String>,
    pub length: Option<String>,
}

/// One answer that the browser got.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are the script's own")]
pub struct Told {
    pub status: u16,
    pub file: String,
    pub token: bool,
}

impl Page {
    /// Serves `player.html` and the players.
    ///
    /// # Panics
    ///
    /// A player is not installed, or no port is free.
    pub async fn serve() -> Self {
        for script in [Script::Hls, Script::Shaka] {
            let file = script.file();
            assert!(
                file.is_file(),
                "there is no {}: run `npm ci` in tests/browser",
                file.display()
            );
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let answering = http1::Builder::new()
                    .serve_connection(TokioIo::new(socket), service_fn(answer));
                tokio::spawn(answering);
            }
        });
        Self { port, serving }
    }

    /// The page's origin when it is opened as `host`, `127.0.0.1` or `localhost`. To a browser these
    /// are two sites, and ports make no difference to a site.
    #[must_use]
    pub fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.port)
    }

    /// As [`Self::play_by`], with hls.js.
    ///
    /// # Panics
    ///
    /// As there.
    pub async fn play(&self, host: &str, film: &str, credentials: bool) -> Seen {
        self.play_by(Script::Hls, host, film, credentials).await
    }

    /// Has Chromium open the page as `host` and play `film`, with cookies or without.
    ///
    /// # Panics
    ///
    /// There is no browser, no Node.js, or the script failed.
    pub async fn play_by(&self, script: Script, host: &str, film: &str, credentials: bool) -> Seen {
        let mut command = Command::new("node");
        command
            .arg(folder().join("play.mjs"))
            .arg("/usr/bin/chromium")
            .arg(format!("{}/player.html", self.origin(host)))
            .args([film, if credentials { "yes" } else { "no" }, script.name()]);
        let outcome = run(&mut command).await;
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).expect("the script's words")
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn folder() -> PathBuf {
    built::root().join("tests/browser")
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (file, kind) = match request.uri().path() {
        "/player.html" => (folder().join("player.html"), "text/html"),
        "/hls.js" => (Script::Hls.file(), "text/javascript"),
        "/shaka-player.js" => (Script::Shaka.file(), "text/javascript"),
        _ => {
            let mut none = Response::new(Full::default());
            *none.status_mut() = StatusCode::NOT_FOUND;
            return Ok(none);
        }
    };
    let bytes = std::fs::read(file).expect("a file of ours");
    let response = Response::builder().header("content-type", kind);
    Ok(response.body(bytes.into()).expect("a header of ours"))
}

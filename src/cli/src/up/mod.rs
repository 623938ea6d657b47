//! `reelgate up`: bucket, sample film, gate and a page, on this machine and for development only.

mod page;
mod portal;
mod stream;

use crate::exit::{Failure, Kind};
use crate::s3;
use crate::sample::sample_film as make_sample_film;
use crate::serve::{LogFormat, OriginKind, Running, Serve, stop_at_signal};
use portal::Portal;
use reelgate_core::key::GameId;
use reelgate_packager::{self as packager, BucketConfig, Options, Progress, Source, Terms, Wishes};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stream::{Stream, StreamArgs};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The sample's game.
const GAME: &str = "sample";
const BUCKET: &str = "films";
const ACCESS_KEY_ID: &str = "reelgate-up";

/// Plays a sample film from a bucket on this machine; for development only
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The gate's port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    port: u16,
    /// The page's port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8788)]
    page_port: u16,
    /// Where the bucket, the sample and compiled components are kept
    #[arg(long, value_name = "DIR", default_value = ".reelgate")]
    data: PathBuf,
    /// The application's manifest
    #[arg(long, value_name = "FILE", default_value = "spin.toml")]
    app: PathBuf,
    /// Where to find what the manifest has below `target/`
    #[arg(long, value_name = "DIR")]
    build_folder: Option<PathBuf>,
    #[command(flatten)]
    stream: StreamArgs,
}

/// Runs until Ctrl-C.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let (stop, mut stopped) = watch::channel(false);
    stop_at_signal(stop)?;
    let page = listen(args.page_port, "--page-port").await?;
    let prepared = tokio::select! {
        // Ctrl-C ends ffmpeg too, and that must not be taken for a failure of ffmpeg.
        biased;
        _ = stopped.wait_for(|stop| *stop) => return Ok(()),
        prepared = prepare(&args.data) => prepared?,
    };
    play(&args, prepared, page, stopped).await
}

/// A bucket with the film in it.
async fn prepare(data: &Path) -> Result<Bucket, Failure> {
    let film = sample_film(data).await?;
    let bucket = Bucket::start(data).await?;
    bucket.fill(&film).await?;
    Ok(bucket)
}

async fn play(
    args: &Args,
    bucket: Bucket,
    page: TcpListener,
    stopped: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let page_url = url(page
        .local_addr()
        .map_err(|error| Failure::new(Kind::Failed, error))?);
    let playback_secret = secret()?;
    let address = gate_address(args)?;
    let stream = match args.stream.stream {
        true => Some(Stream::start(&args.stream, &args.data, url(address)).await?),
        false => None,
    };
    let variables = variables(&bucket, &playback_secret, &page_url, stream.as_ref());
    let gate = gate(args, address, variables)?;
    let admin_token = stream
        .as_ref()
        .map(|stream| stream.admin_token().to_owned());
    let portal = Portal::new(gate.url(), playback_secret, admin_token)
        .map(Arc::new)
        .ok_or_else(|| Failure::new(Kind::Failed, "cannot make a secret"))?;

    let mut stop = stopped.clone();
    let serving = tokio::task::spawn_blocking(move || gate.until(&stopped));
    introduce(&portal, &page_url).await?;
    if let Some(stream) = &stream {
        introduce_stream(stream, &args.data)?;
    }
    tokio::select! {
        result = page::serve(page, portal) => result.map_err(|error| Failure::new(Kind::Failed, error))?,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    serving
        .await
        .map_err(|error| Failure::new(Kind::Failed, error))??;
    bucket.server.stop().await;
    Ok(())
}

/// The sample, made at the first start.
async fn sample_film(data: &Path) -> Result<PathBuf, Failure> {
    let path = sample_path(data);
    if !path.exists() {
        std::fs::create_dir_all(data).map_err(|error| {
            Failure::new(
                Kind::Failed,
                format!("cannot make {}: {error}", data.display()),
            )
            .with_help("choose a folder that can be written to with --data")
        })?;
        eprintln!("making a sample film: {}", path.display());
        make_sample_film(&path).await?;
    }
    Ok(path)
}

fn sample_path(data: &Path) -> PathBuf {
    data.join("sample.mp4")
}

/// The embedded bucket and how to reach it.
struct Bucket {
    server: s3::Running,
    secret: String,
}

impl Bucket {
    async fn start(data: &Path) -> Result<Self, Failure> {
        let secret = secret()?;
        let server = s3::start(s3::Config {
            listen: "127.0.0.1:0".into(),
            data: data.join("s3"),
            access_key_id: ACCESS_KEY_ID.into(),
            secret_access_key: secret.clone(),
            bucket: BUCKET.into(),
        })
        .await?;
        Ok(Self { server, secret })
    }

    async fn fill(&self, film: &Path) -> Result<(), Failure> {
        let bucket = BucketConfig {
            endpoint: self.server.endpoint(),
            bucket: BUCKET.into(),
            region: "auto".into(),
            access_key_id: ACCESS_KEY_ID.into(),
            secret_access_key: self.secret.clone(),
        };
        let game = GameId::new(GAME).map_err(|error| Failure::new(Kind::Failed, error))?;
        let options = Options {
            source: &Source::File(film.to_owned()),
            game,
            bucket: &bucket,
            wishes: Wishes::default(),
            terms: Terms::default(),
            scratch: None,
        };
        packager::run(&options, &Progress::of_stderr()).await?;
        Ok(())
    }
}

/// Where the gate will be. Stream has to know it before the gate starts, so a free port is looked for
/// here.
fn gate_address(args: &Args) -> Result<SocketAddr, Failure> {
    let wished = listen_address(args.port);
    if args.port != 0 || !args.stream.stream {
        return Ok(wished);
    }
    std::net::TcpListener::bind(wished)
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Failure::new(Kind::Failed, error))
}

fn variables(
    bucket: &Bucket,
    playback_secret: &str,
    page_url: &str,
    stream: Option<&Stream>,
) -> Vec<(String, String)> {
    let variables = [
        ("s3_endpoint", bucket.server.endpoint()),
        ("s3_bucket", BUCKET.into()),
        ("s3_access_key_id", ACCESS_KEY_ID.into()),
        ("s3_secret_access_key", bucket.secret.clone()),
        ("playback_token_secret", playback_secret.into()),
        ("allowed_origins", page_url.into()),
    ];
    let of_stream = stream.into_iter().flat_map(Stream::variables);
    let all = variables.into_iter().chain(of_stream);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn gate(
    args: &Args,
    listen: SocketAddr,
    variable: Vec<(String, String)>,
) -> Result<Running, Failure> {
    Serve {
        app: vec![args.app.clone()],
        listen,
        data: args.data.clone(),
        runtime_config_file: None,
        schedule: None,
        // Without Stream there is nothing on its way that would have to be looked after.
        no_schedule: !args.stream.stream,
        build_folder: args.build_folder.clone(),
        env_file: None,
        variable,
        log_format: LogFormat::Text,
        origin: OriginKind::Native,
        tls_cert: None,
        tls_key: None,
        workers: None,
        max_connections: 256,
        grace: 5,
    }
    .start()
}

/// Says what there is to try. Every line works as it is printed.
async fn introduce(portal: &Portal, page_url: &str) -> Result<(), Failure> {
    let failed = |error: reqwest::Error| Failure::new(Kind::Failed, error);
    let answer = reqwest::get(portal.session_url())
        .await
        .and_then(reqwest::Response::error_for_status);
    let json = answer.map_err(failed)?.text().await.map_err(failed)?;
    let session: serde_json::Value =
        serde_json::from_str(&json).map_err(|error| Failure::new(Kind::Failed, error))?;
    let prefix = session["prefix"].as_str().unwrap_or_default();
    let (gate, film) = (portal.gate(), portal.playback_url());
    let film_by_session = format!("{gate}{prefix}master.m3u8");
    let text = format!(
        "\n\
         A private film is ready. Stop with Ctrl-C.\n\n\
         in a browser       {page_url}/\n\
         playback URL       {film}\n\
         \x20                  (the token in it lasts 15 minutes, the session it buys 6 hours)\n\
         ask for it         curl -i '{film}'\n\
         without a token    curl -i '{gate}/games/{GAME}/master.m3u8'\n\
         play it            ffplay '{film_by_session}'\n\
         or                 mpv '{film_by_session}'\n\n"
    );
    say(&text)
}

fn introduce_stream(stream: &Stream, data: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(Kind::Failed, error);
    let env_file = stream.write_env_file(data)?;
    let film = sample_path(data).canonicalize().map_err(failed)?;
    say(&stream.introduction(&film, &env_file))
}

fn say(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::new(Kind::Failed, error))
}

fn listen_address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

async fn listen(port: u16, option: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(listen_address(port))
        .await
        .map_err(|error| {
            Failure::new(
                Kind::Failed,
                format!("cannot listen on 127.0.0.1:{port}: {error}"),
            )
            .with_help(format!(
                "stop what listens there, or choose another port with {option}"
            ))
        })
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// A secret for this run: 32 random bytes in hex.
fn secret() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

//! `reelgate up`: bucket, sample film, gate and a page, on this machine and for development only.

mod page;
mod portal;
mod server;
mod settings;
mod site;
mod stream;

use crate::cache::CacheArgs;
use crate::exit::{Failure, Kind};
use crate::sample::sample_film as make_sample_film;
use crate::serve::{LogFormat, OriginKind, Running, Serve, stop_at_signal};
use portal::Portal;
use reelgate_core::key::GameId;
use reelgate_fake_s3 as fake_s3;
use reelgate_packager::{
    self as packager, About, BucketConfig, Options, Progress, Source, Terms, Wishes,
};
use site::Site;
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
    /// Folder of the built portal (`web/portal/dist`), to serve it too, with a sign-in that lets
    /// anybody be anybody
    #[arg(long, value_name = "DIR")]
    portal: Option<PathBuf>,
    /// The portal's port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8790, requires = "portal")]
    portal_port: u16,
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
    let portal = match args.portal {
        Some(_) => Some(listen(args.portal_port, "--portal-port").await?),
        None => None,
    };
    let prepared = tokio::select! {
        // Ctrl-C ends ffmpeg too, and that must not be taken for a failure of ffmpeg.
        biased;
        _ = stopped.wait_for(|stop| *stop) => return Ok(()),
        prepared = prepare(&args.data) => prepared?,
    };
    play(&args, prepared, Listeners { page, portal }, stopped).await
}

/// A bucket with the film in it.
async fn prepare(data: &Path) -> Result<Bucket, Failure> {
    let film = sample_film(data).await?;
    let bucket = Bucket::start(data).await?;
    bucket.fill(&film).await?;
    Ok(bucket)
}

/// Where pages will be served.
struct Listeners {
    page: TcpListener,
    portal: Option<TcpListener>,
}

async fn play(
    args: &Args,
    bucket: Bucket,
    listeners: Listeners,
    stopped: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let page_url = url(local(&listeners.page)?);
    let playback_secret = secret()?;
    let address = gate_address(args)?;
    let stream = match args.stream.stream {
        true => Some(Stream::start(&args.stream, &args.data, url(address)).await?),
        false => None,
    };
    let site = site(args, &listeners, url(address), &bucket)?;
    let variables = variables(
        &bucket,
        &playback_secret,
        &page_url,
        site.as_deref(),
        stream.as_ref(),
    );
    let env_file = write_settings(args, &bucket, stream.as_ref())?;
    let gate = gate(args, address, variables)?;
    let admin_token = stream
        .as_ref()
        .map(|stream| stream.admin_token().to_owned());
    let portal = Portal::new(gate.url(), playback_secret, admin_token)
        .map(Arc::new)
        .ok_or_else(|| Failure::new(Kind::Failed, "cannot make a secret"))?;

    let mut stop = stopped.clone();
    let serving = tokio::task::spawn_blocking(move || gate.until(&stopped));
    introduce(&portal, &page_url, site.as_deref()).await?;
    introduce_packaging(&env_file)?;
    if let Some(stream) = &stream {
        introduce_stream(stream, &args.data, &env_file)?;
    }
    let pages = async {
        tokio::try_join!(
            page::serve(listeners.page, portal),
            serve_site(site, listeners.portal)
        )
    };
    tokio::select! {
        result = pages => result.map(drop).map_err(|error| Failure::new(Kind::Failed, error))?,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    serving
        .await
        .map_err(|error| Failure::new(Kind::Failed, error))??;
    bucket.server.stop().await;
    Ok(())
}

/// The portal, where its page was given.
fn site(
    args: &Args,
    listeners: &Listeners,
    gate: String,
    bucket: &Bucket,
) -> Result<Option<Arc<Site>>, Failure> {
    let (Some(page), Some(listener)) = (&args.portal, &listeners.portal) else {
        return Ok(None);
    };
    let site = Site::new(page, local(listener)?, gate, &bucket.config())?;
    Ok(Some(Arc::new(site)))
}

async fn serve_site(site: Option<Arc<Site>>, listener: Option<TcpListener>) -> std::io::Result<()> {
    match (site, listener) {
        (Some(site), Some(listener)) => site.serve(listener).await,
        _ => std::future::pending().await,
    }
}

/// Writes what commands need to know into a file for `--env-file`.
fn write_settings(
    args: &Args,
    bucket: &Bucket,
    stream: Option<&Stream>,
) -> Result<PathBuf, Failure> {
    let of_stream = stream.into_iter().flat_map(Stream::variables);
    let variables = bucket.variables().into_iter().chain(of_stream);
    let settings = stream.into_iter().flat_map(Stream::settings);
    settings::write(&args.data, settings, variables)
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
    server: fake_s3::Running,
    secret: String,
}

impl Bucket {
    async fn start(data: &Path) -> Result<Self, Failure> {
        let secret = secret()?;
        let server = fake_s3::start(fake_s3::Config {
            listen: "127.0.0.1:0".into(),
            data: data.join("s3"),
            access_key_id: ACCESS_KEY_ID.into(),
            secret_access_key: secret.clone(),
            bucket: BUCKET.into(),
        })
        .await?;
        Ok(Self { server, secret })
    }

    /// How a command reaches it.
    fn config(&self) -> BucketConfig {
        BucketConfig {
            endpoint: self.server.endpoint(),
            bucket: BUCKET.into(),
            region: "auto".into(),
            access_key_id: ACCESS_KEY_ID.into(),
            secret_access_key: self.secret.clone(),
        }
    }

    /// How the gate reaches it.
    fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("s3_endpoint", self.server.endpoint()),
            ("s3_bucket", BUCKET.into()),
            ("s3_access_key_id", ACCESS_KEY_ID.into()),
            ("s3_secret_access_key", self.secret.clone()),
        ]
    }

    async fn fill(&self, film: &Path) -> Result<(), Failure> {
        let bucket = self.config();
        let game = GameId::new(GAME).map_err(|error| Failure::new(Kind::Failed, error))?;
        let options = Options {
            source: &Source::File(film.to_owned()),
            game,
            bucket: &bucket,
            wishes: Wishes::default(),
            about: &About::default(),
            terms: Terms::default(),
            scratch: None,
        };
        packager::run(&options, &Progress::of_stderr()).await?;
        Ok(())
    }
}

/// Where the gate will be. Stream and the portal have to know it before the gate starts, so a free port
/// is looked for here.
fn gate_address(args: &Args) -> Result<SocketAddr, Failure> {
    let wished = listen_address(args.port);
    if args.port != 0 || !(args.stream.stream || args.portal.is_some()) {
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
    site: Option<&Site>,
    stream: Option<&Stream>,
) -> Vec<(String, String)> {
    let pages = site.into_iter().flat_map(Site::origins);
    let origins: Vec<String> = std::iter::once(page_url.to_owned()).chain(pages).collect();
    let own = [
        ("playback_token_secret", playback_secret.into()),
        ("allowed_origins", origins.join(",")),
    ];
    let of_site = site.into_iter().flat_map(Site::variables);
    let of_stream = stream.into_iter().flat_map(Stream::variables);
    let all = bucket.variables().into_iter().chain(own);
    let all = all.chain(of_site).chain(of_stream);
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
        cache: CacheArgs::default(),
        tls_cert: None,
        tls_key: None,
        workers: None,
        max_connections: 256,
        idle_timeout: 75,
        stall_timeout: 60,
        max_requests_per_address: None,
        grace: 5,
    }
    .start()
}

/// Says what there is to try. Every line works as it is printed.
async fn introduce(portal: &Portal, page_url: &str, site: Option<&Site>) -> Result<(), Failure> {
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
    let site = site.map(Site::introduction).unwrap_or_default();
    let text = format!(
        "\n\
         A private film is ready. Stop with Ctrl-C.\n\n\
         {site}\
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

fn introduce_packaging(env_file: &Path) -> Result<(), Failure> {
    let (program, env_file) = (settings::program(), settings::quoted(env_file));
    say(&format!(
        "In another terminal:\n\n\
         add a film         {program} package FILM --game ID --env-file {env_file}\n\
         check it           {program} package check s3://{BUCKET}/games/{GAME}/master.m3u8 --env-file {env_file}\n\n"
    ))
}

fn introduce_stream(stream: &Stream, data: &Path, env_file: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(Kind::Failed, error);
    let film = sample_path(data).canonicalize().map_err(failed)?;
    say(&stream.introduction(&film, env_file))
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

fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    let address = listener.local_addr();
    address.map_err(|error| Failure::new(Kind::Failed, error))
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

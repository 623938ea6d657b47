//! `reelgate up`: bucket, sample film, gate and a page, on this machine and for development only.

mod bucket;
mod introduction;
mod lan;
mod page;
mod portal;
mod server;
mod settings;
mod site;
mod stream;

use crate::bundle::Bundle;
use crate::cache::CacheArgs;
use crate::commands::sample::sample_film as make_sample_film;
use crate::commands::serve::{
    AcmeArgs, Catalog, LogFormat, OriginKind, Running, Serve, Starting, stop_at_signal,
};
use crate::exit::{Failure, Kind};
use crate::places::Places;
use bucket::Bucket;
use introduction::Introduction;
use portal::Portal;
use site::Site;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stream::{Stream, StreamArgs};
use tokio::net::TcpListener;
use tokio::sync::watch;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The sample's game.
const GAME: &str = "sample";

/// Plays a sample film from a bucket on this machine; for development only
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The gate's port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    port: u16,
    /// The page's port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8788)]
    page_port: u16,
    /// Folder of another built portal than the one inside this program (`web/portal/dist`); its sign-in
    /// lets anybody be anybody
    #[arg(long, value_name = "DIR")]
    portal: Option<PathBuf>,
    /// The portal's port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8790)]
    portal_port: u16,
    /// Let a phone in the same network play the sample: gate and player page listen on this machine's
    /// address there, and a QR code leads to them
    #[arg(long, conflicts_with = "stream")]
    lan: bool,
    /// Where the bucket, the sample and compiled components are kept; the user's folders for state and
    /// caches unless given
    #[arg(long, value_name = "DIR", env = "REELGATE_DATA")]
    data: Option<PathBuf>,
    /// The manifest of another application than the one inside this program
    #[arg(long, value_name = "FILE")]
    app: Option<PathBuf>,
    /// Where to find what the manifest has below `target/`
    #[arg(long, value_name = "DIR")]
    build_folder: Option<PathBuf>,
    #[command(flatten)]
    stream: StreamArgs,
}

/// Runs until Ctrl-C.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let (stop, mut stopped) = watch::channel(false);
    let starting = stop_at_signal(stop)?;
    let home = Home::new(&args)?;
    let page = listen(home.network, args.page_port, "--page-port").await?;
    let portal = match home.portal {
        Some(_) => Some(listen(LOOPBACK, args.portal_port, "--portal-port").await?),
        None => None,
    };
    let bucket = tokio::select! {
        // Ctrl-C ends ffmpeg too, and that must not be taken for a failure of ffmpeg.
        biased;
        _ = stopped.wait_for(|stop| *stop) => return Ok(()),
        bucket = home.bucket(args.stream.stream) => bucket?,
    };
    let listeners = Listeners { page, portal };
    play(&args, &home, bucket, listeners, stopped, starting).await
}

/// What is used, and where files are kept.
struct Home {
    data: PathBuf,
    bundle: Option<Bundle>,
    portal: Option<PathBuf>,
    /// Where the gate and the player page listen.
    network: IpAddr,
    /// Where the player page is, below its address.
    folder: String,
}

impl Home {
    fn new(args: &Args) -> Result<Self, Failure> {
        let places = match &args.data {
            Some(_) => Places::of(args.data.clone()),
            None => Places::of(None).below("up"),
        };
        let unusable = |error| {
            let what = format!("cannot make {}: {error}", places.state.display());
            Failure::new(Kind::Failed, what)
                .with_help("choose a folder that can be written to with --data")
        };
        std::fs::create_dir_all(&places.state).map_err(unusable)?;
        let bundle = Bundle::unpacked(&places.cache)?;
        let bundled = bundle.as_ref().and_then(Bundle::portal);
        Ok(Self {
            portal: args.portal.clone().or(bundled),
            data: places.state,
            bundle,
            network: if args.lan { lan::address()? } else { LOOPBACK },
            folder: if args.lan {
                lan::folder()?
            } else {
                "/".to_owned()
            },
        })
    }

    /// A bucket with the film in it. The film itself is made only where it is needed: for Stream, or where
    /// this program was built without a packaged one.
    async fn bucket(&self, with_film: bool) -> Result<Bucket, Failure> {
        let packaged = self.bundle.as_ref().and_then(Bundle::sample);
        if let Some(sample) = &packaged {
            bucket::lay_out(sample, &self.data)
                .map_err(|error| Failure::new(Kind::Failed, error))?;
        }
        let film = match with_film || packaged.is_none() {
            true => Some(sample_film(&self.data).await?),
            false => None,
        };
        let bucket = Bucket::start(&self.data).await?;
        if let (Some(film), None) = (film, packaged) {
            bucket.fill(&film).await?;
        }
        Ok(bucket)
    }
}

/// Where pages will be served.
struct Listeners {
    page: TcpListener,
    portal: Option<TcpListener>,
}

async fn play(
    args: &Args,
    home: &Home,
    bucket: Bucket,
    listeners: Listeners,
    stopped: watch::Receiver<bool>,
    starting: Starting,
) -> Result<(), Failure> {
    let page_url = url(local(&listeners.page)?);
    let playback_secret = secret()?;
    let address = gate_address(args, home)?;
    let stream = match args.stream.stream {
        true => Some(Stream::start(&args.stream, &home.data, url(address)).await?),
        false => None,
    };
    let site = site(home, &listeners, url(address), &bucket)?;
    let variables = variables(
        &bucket,
        &playback_secret,
        &page_url,
        site.as_deref(),
        stream.as_ref(),
    );
    let gate = gate(args, address, variables)?;
    drop(starting);
    let env_file = write_settings(home, &bucket, gate.url(), &playback_secret, stream.as_ref())?;
    let admin_token = stream
        .as_ref()
        .map(|stream| stream.admin_token().to_owned());
    let gate_url = gate.url();
    let portal = Portal::new(
        gate.url(),
        playback_secret,
        admin_token,
        home.folder.clone(),
    )
    .map(Arc::new)
    .ok_or_else(|| Failure::new(Kind::Failed, "cannot make a secret"))?;

    let mut stop = stopped.clone();
    let serving = tokio::task::spawn_blocking(move || gate.until(&stopped));
    let page = format!("{page_url}{}", home.folder);
    let invitation = args.lan.then(|| lan::invitation(&page)).transpose()?;
    Introduction {
        gate: &gate_url,
        page: &page,
        invitation,
        portal: site.as_deref().map(Site::introduction),
        env_file: &env_file,
        stream: stream
            .as_ref()
            .map(|stream| stream.introduction(&sample_path(&home.data))),
    }
    .say()?;
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
    bucket.stop().await;
    Ok(())
}

/// The portal, where there is a page of it.
fn site(
    home: &Home,
    listeners: &Listeners,
    gate: String,
    bucket: &Bucket,
) -> Result<Option<Arc<Site>>, Failure> {
    let (Some(page), Some(listener)) = (&home.portal, &listeners.portal) else {
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
    home: &Home,
    bucket: &Bucket,
    gate: String,
    playback_secret: &str,
    stream: Option<&Stream>,
) -> Result<PathBuf, Failure> {
    let of_stream = stream.into_iter().flat_map(Stream::variables);
    let secret = ("playback_token_secret", playback_secret.to_owned());
    let variables = bucket.variables().into_iter().chain([secret]);
    let settings = stream.into_iter().flat_map(Stream::settings);
    let settings = [("REELGATE_URL", gate)].into_iter().chain(settings);
    settings::write(&home.data, settings, variables.chain(of_stream))
}

/// The sample, made at the first start.
async fn sample_film(data: &Path) -> Result<PathBuf, Failure> {
    let path = sample_path(data);
    if !path.exists() {
        eprintln!("making a sample film: {}", path.display());
        make_sample_film(&path).await?;
    }
    Ok(path)
}

fn sample_path(data: &Path) -> PathBuf {
    data.join("sample.mp4")
}

/// Where the gate will be. Stream and the portal have to know it before the gate starts, so a free port
/// is looked for here.
fn gate_address(args: &Args, home: &Home) -> Result<SocketAddr, Failure> {
    let wished = SocketAddr::new(home.network, args.port);
    if args.port != 0 || !(args.stream.stream || home.portal.is_some()) {
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
        app: args.app.iter().cloned().collect(),
        catalog: Catalog::Bucket,
        listen,
        metrics_listen: None,
        otlp_endpoint: None,
        data: args.data.clone(),
        runtime_config_file: None,
        schedule: None,
        // Without Stream there is nothing on its way that would have to be looked after.
        no_schedule: !args.stream.stream,
        build_folder: args.build_folder.clone(),
        env_file: None,
        aws_credentials: false,
        variable,
        log_format: LogFormat::Text,
        origin: OriginKind::Native,
        cache: CacheArgs::default(),
        tls_cert: None,
        tls_key: None,
        acme: AcmeArgs::default(),
        workers: None,
        max_connections: 256,
        idle_timeout: 75,
        stall_timeout: 60,
        max_requests_per_address: None,
        grace: 5,
    }
    .start()
}

fn listen_address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

async fn listen(network: IpAddr, port: u16, option: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind((network, port)).await.map_err(|error| {
        Failure::new(
            Kind::Failed,
            format!("cannot listen on {network}:{port}: {error}"),
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
pub(crate) fn secret() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

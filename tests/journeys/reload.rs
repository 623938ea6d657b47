//! SIGHUP: a host reads its configuration again, and nobody who watches notices.

use reelgate_tests::bucket::{Act, Bucket, Gate};
use reelgate_tests::client::Client;
use reelgate_tests::deadline::within;
use reelgate_tests::host::{Host, Origin, Settings};
use reelgate_tests::metrics::{ARGUMENTS, Samples};
use reelgate_tests::portal::{self, Jwt};
use reelgate_tests::process::run;
use reelgate_tests::tls::Certificate;
use reelgate_tests::world::{GAME, key, path, session};
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::net::UnixDatagram;

const NEW_SECRET: &str = "another-secret-0123456789abcdef0123456789ab";
const TAKEN: &str = "the configuration was read again";
const KEPT: &str = "the configuration from before stays in force";

with_each_origin! {
    a_new_secret_is_in_force_for_new_requests
}

/// A host whose playback secret is in a file of variables.
struct Fixture {
    folder: TempDir,
    bucket: Bucket,
    host: Host,
}

impl Fixture {
    async fn start(change: impl FnOnce(Settings) -> Settings) -> Self {
        let folder = TempDir::new().unwrap();
        let env_file = folder.path().join("gate.env");
        write_secret(&env_file, portal::SECRET);
        let bucket = Bucket::start().await;
        bucket.put(&key("a.m4s"), "pictures");
        let settings = Settings::new(bucket.address())
            .without("playback_token_secret")
            .arguments(["--env-file".into(), env_file.into_os_string()])
            .arguments(ARGUMENTS);
        let host = change(settings).start().await;
        Self {
            folder,
            bucket,
            host,
        }
    }

    fn env_file(&self) -> PathBuf {
        self.folder.path().join("gate.env")
    }

    /// Has the host read it again, and waits for the line of its log that says `outcome`.
    async fn hang_up(&self, outcome: &str) {
        let so_far = self.count(outcome);
        self.host.process().signal(Signal::HUP);
        within("the host has read it", async {
            while self.count(outcome) == so_far {
                self.host.client().get("/healthz").send().await;
            }
        })
        .await;
    }

    fn count(&self, outcome: &str) -> usize {
        let messages = self.host.journal().messages();
        let with = messages
            .iter()
            .filter(|line| line.message.contains(outcome));
        with.count()
    }
}

fn write_secret(env_file: &Path, secret: &str) {
    fs::write(
        env_file,
        format!("SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET={secret}\n"),
    )
    .unwrap();
}

fn new_session() -> String {
    let session = Jwt::session().claim("gid", GAME);
    session.signed_with(NEW_SECRET, None).mint()
}

async fn status(client: &Client, session: &str) -> u16 {
    let ask = client.get(path("a.m4s")).cookie(session);
    ask.send().await.status
}

async fn a_new_secret_is_in_force_for_new_requests(origin: Origin) {
    let fixture = Fixture::start(|settings| settings.origin(origin)).await;
    let (host, client) = (&fixture.host, fixture.host.client());
    let gate = Gate::of_pieces(100_000);
    fixture.bucket.put(&key("film.m4s"), vec![7; 300_000]);
    fixture
        .bucket
        .always(&key("film.m4s"), Act::Through(gate.clone()));
    // A viewer in the middle of a film, and a connection that is kept.
    let mut film = client
        .get(path("film.m4s"))
        .cookie(&session())
        .stream()
        .await;
    gate.open(1);
    film.exactly(100_000).await;
    let mut kept = client.connect().await;
    let old = client.get(path("a.m4s")).cookie(&session());
    let answer = kept.send(&old).await.unwrap().finish().await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(status(&client, &new_session()).await, 403);

    write_secret(&fixture.env_file(), NEW_SECRET);
    fixture.hang_up(TAKEN).await;
    assert_eq!(status(&client, &new_session()).await, 200);
    assert_eq!(status(&client, &session()).await, 403);
    let answer = kept.send(&old).await.unwrap().finish().await.unwrap();
    assert_eq!(answer.status, 403);
    gate.open_wide();
    assert_eq!(film.count().await.unwrap(), 200_000);
    let samples = Samples::scrape(host.metrics_address().await).await;
    let reloads = "reelgate_reloads_total{what=\"application\",outcome=\"success\"}";
    assert_eq!(samples.get(reloads), 1.0);
    fixture.host.finish().await;
}

#[tokio::test]
async fn what_cannot_be_used_is_not_taken() {
    let fixture = Fixture::start(|settings| settings).await;
    let client = fixture.host.client();
    let line = |text: &str| format!("SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET={text}\n");
    let both = line(NEW_SECRET) + "SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET_FILE=/etc/hostname\n";
    for (text, why) in [
        ("this is no env file", "line 1 of the env file"),
        ("", "required variables are not set: playback_token_secret"),
        (&line("short"), "playback_token_secret"),
        (&both, "are both set"),
    ] {
        fs::write(fixture.env_file(), text).unwrap();
        fixture.hang_up(KEPT).await;
        let message = fixture.host.journal().message(why).await;
        assert!(message.message.contains(KEPT), "{}", message.message);
        assert_eq!(message.level, "error");
        assert_eq!(status(&client, &session()).await, 200, "{text}");
    }
    fs::remove_file(fixture.env_file()).unwrap();
    fixture.hang_up(KEPT).await;
    let address = fixture.host.metrics_address().await;
    let last = "reelgate_reload_last_successful{what=\"application\"}";
    assert_eq!(Samples::scrape(address).await.get(last), 0.0);
    // Mended, it is taken.
    write_secret(&fixture.env_file(), NEW_SECRET);
    fixture.hang_up(TAKEN).await;
    assert_eq!(status(&client, &new_session()).await, 200);
    assert_eq!(Samples::scrape(address).await.get(last), 1.0);
    fixture.host.finish().await;
}

#[tokio::test]
async fn a_file_holds_the_value_of_a_variable() {
    let folder = TempDir::new().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{}\n", portal::SECRET)).unwrap();
    let shown = secret.display().to_string();
    let fixture =
        Fixture::start(|settings| settings.variable("playback_token_secret_file", &shown)).await;
    // The environment goes before the env file, as with a value.
    write_secret(&fixture.env_file(), "the-env-files-secret-0123456789abcdef");
    let client = fixture.host.client();
    assert_eq!(status(&client, &session()).await, 200);
    fs::write(&secret, NEW_SECRET).unwrap();
    fixture.hang_up(TAKEN).await;
    assert_eq!(status(&client, &new_session()).await, 200);
    fixture.host.finish().await;

    let settings = Settings::new(([127, 0, 0, 1], 9).into());
    let settings = settings.variable("playback_token_secret_file", &shown);
    let data = TempDir::new().unwrap();
    let refused = run(&mut settings.command(data.path())).await;
    assert_eq!(refused.code, Some(78));
    let both = "SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET and SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET_FILE are both set";
    assert!(refused.stderr.contains(both), "{}", refused.stderr);
    assert!(!refused.stderr.contains(portal::SECRET));
}

#[tokio::test]
async fn a_certificate_is_taken_when_its_files_change() {
    let (first, second) = (Certificate::make(), Certificate::make());
    let old = first.client();
    let fixture = Fixture::start(|settings| settings.arguments(first.arguments())).await;
    let get = |tls: &rustls::ClientConfig| fixture.host.client().tls(tls).get("/healthz");
    let mut kept = fixture.host.client().tls(&old).connect().await;
    assert_eq!(get(&old).send().await.status, 200);
    // Nobody has to say so.
    first.replace_with(&second);
    let journal = fixture.host.journal();
    journal.message("the certificate was read again").await;
    assert_eq!(get(&second.client()).send().await.status, 200);
    // Who is connected stays so.
    kept.send(&get(&old)).await.unwrap().finish().await.unwrap();
    // A key that belongs to another.
    fs::copy(Certificate::make().key(), first.key()).unwrap();
    journal
        .message("the certificate from before stays in force")
        .await;
    assert_eq!(get(&second.client()).send().await.status, 200);
    let address = fixture.host.metrics_address().await;
    let last = "reelgate_reload_last_successful{what=\"certificate\"}";
    Samples::once(address, |samples| samples.get(last) == 0.0).await;
    fixture.host.finish().await;
}

/// sd_notify(3): one datagram a word, with the time on the monotonic clock when a reload begins.
#[tokio::test]
async fn systemd_hears_how_it_stands() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let bucket = Bucket::start().await;
    let settings = Settings::new(bucket.address());
    let data = TempDir::new().unwrap();
    let mut command = settings.command(data.path());
    command.env("NOTIFY_SOCKET", &path);
    let mut process = reelgate_tests::process::Process::start(&mut command);
    let next = async || {
        let mut bytes = [0; 256];
        let received = within("a word for systemd", socket.recv(&mut bytes)).await;
        String::from_utf8_lossy(&bytes[..received.unwrap()]).into_owned()
    };
    assert_eq!(next().await.trim_end(), "READY=1");
    // It answers by then.
    let client = Client::new(process.address().await);
    assert_eq!(client.get("/healthz").send().await.status, 200);
    process.signal(Signal::HUP);
    let reloading = next().await;
    let mut lines = reloading.lines();
    assert_eq!(lines.next(), Some("RELOADING=1"));
    let time = lines
        .next()
        .and_then(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(
        time.and_then(|time| time.parse::<u64>().ok()).is_some(),
        "{reloading}"
    );
    assert_eq!(next().await.trim_end(), "READY=1");
    process.signal(Signal::TERM);
    assert_eq!(next().await.trim_end(), "STOPPING=1");
    assert_eq!(process.ended().await.code(), Some(0));
}

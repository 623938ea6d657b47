//! ACME: a host gets its certificate from an authority, at its own port, and keeps it from ending.

use reelgate_tests::acme::{AcmeServer, Fault, Life};
use reelgate_tests::bucket::{Act, Bucket, Gate};
use reelgate_tests::client::Client;
use reelgate_tests::deadline::within;
use reelgate_tests::host::{Host, Settings};
use reelgate_tests::metrics::{ARGUMENTS, Samples};
use reelgate_tests::process::run;
use reelgate_tests::tls::{Certificate, presented};
use reelgate_tests::world::{key, path, session};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

const IN_FORCE: &str = "a certificate for localhost is in force until";
const EXPIRY: &str = "reelgate_tls_certificate_expiry_timestamp_seconds{source=\"acme\"}";
const HTTP: &[&[u8]] = &[b"h2", b"http/1.1"];
const ORDER: &str = "POST /new-order";

/// An authority, a bucket with a film, and how hosts are started before it.
struct Fixture {
    authority: AcmeServer,
    bucket: Bucket,
    settings: Settings,
}

impl Fixture {
    async fn new() -> Self {
        let (authority, bucket) = (AcmeServer::start().await, Bucket::start().await);
        bucket.put(&key("a.m4s"), "pictures");
        let settings = Settings::new(bucket.address())
            .arguments(authority.arguments())
            .arguments(ARGUMENTS);
        Self {
            authority,
            bucket,
            settings,
        }
    }

    /// A host that the authority can reach.
    async fn start(&self) -> Host {
        let host = self.settings.start().await;
        self.authority.connect_to(host.address());
        host
    }

    /// Somebody who believes the authority.
    fn viewer(&self, host: &Host) -> Client {
        host.client().tls(&self.authority.client())
    }

    async fn assert_plays(&self, host: &Host) {
        let viewer = self.viewer(host);
        for viewer in [viewer.clone(), viewer.http2()] {
            let answer = viewer.get(path("a.m4s")).cookie(&session()).send().await;
            assert_eq!((answer.status, answer.text()), (200, "pictures"));
        }
    }

    fn life(&self, number: usize) -> Life {
        self.authority.lives()[number]
    }
}

/// Waits until the host says that it ends when `life` does.
async fn is_counted(host: &Host, life: Life) {
    let address = host.metrics_address().await;
    let end = life.end() as f64;
    Samples::once(address, |samples| samples.get(EXPIRY) == end).await;
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_viewer_plays_with_the_first_certificate() {
    let fixture = Fixture::new().await;
    let data = TempDir::new().unwrap();
    let kept = data.path().join("acme");
    let host = fixture.settings.start_in(data).await;
    let journal = host.journal();
    let waiting = journal.message("waiting for a certificate for").await;
    assert_eq!(waiting.level, "info");
    for part in ["localhost", "https://127.0.0.1:", "port 443"] {
        assert!(waiting.message.contains(part), "{}", waiting.message);
    }
    // An alert, and no silence (RFC 8446, section 6.2: access_denied).
    let early = presented(host.address(), &fixture.authority.client(), HTTP).await;
    let early = early.unwrap_err().to_string();
    assert!(early.contains("AccessDenied"), "{early}");
    let samples = Samples::scrape(host.metrics_address().await).await;
    assert!(
        samples
            .names()
            .all(|name| !name.contains("certificate_expiry"))
    );

    fixture.authority.connect_to(host.address());
    let message = journal.message(IN_FORCE).await;
    assert_eq!(message.level, "info");
    fixture.assert_plays(&host).await;
    is_counted(&host, fixture.life(0)).await;
    // Whoever asks as an authority does is shown nothing when nothing is being proved.
    let stranger = presented(
        host.address(),
        &fixture.authority.client(),
        &[b"acme-tls/1"],
    )
    .await;
    assert!(stranger.is_err());

    assert_eq!(mode(&kept), 0o700);
    let folders: Vec<_> = fs::read_dir(&kept).unwrap().map(Result::unwrap).collect();
    let [folder] = folders.as_slice() else {
        panic!("{folders:?}");
    };
    assert_eq!(mode(&folder.path()), 0o700);
    for file in ["account.json", "certificate.pem"] {
        assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
    }
    host.finish().await;
}

#[tokio::test]
async fn a_start_asks_for_nothing_that_is_kept() {
    let fixture = Fixture::new().await;
    let host = fixture.start().await;
    host.journal().message(IN_FORCE).await;
    let data = host.kill().await;
    let asked = fixture.authority.asked();
    let host = fixture.settings.start_in(data).await;
    host.journal()
        .message("the certificate for localhost is in force until")
        .await;
    fixture.assert_plays(&host).await;
    is_counted(&host, fixture.life(0)).await;
    // Not even when somebody asks for it to be read again.
    host.process().signal(Signal::HUP);
    host.journal()
        .message("the configuration was read again")
        .await;
    fixture.assert_plays(&host).await;
    assert_eq!(fixture.authority.asked(), asked);
    host.finish().await;
}

#[tokio::test]
async fn an_order_that_fails_is_told_and_tried_again() {
    let fixture = Fixture::new().await;
    // A port that nobody has any more.
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let nowhere = nobody.local_addr().unwrap();
    drop(nobody);
    fixture.authority.connect_to(nowhere);
    let host = fixture.settings.start().await;
    let journal = host.journal();
    let told = journal.message("no certificate for localhost").await;
    assert_eq!(told.level, "error");
    // The authority's words, and when it goes on.
    let why = format!("localhost: Connection refused at {nowhere} (connection)");
    for part in [
        why.as_str(),
        "nobody can connect",
        "the next try is in 20 s",
    ] {
        assert!(told.message.contains(part), "{}", told.message);
    }
    fixture.authority.connect_to(host.address());
    journal.message(IN_FORCE).await;
    assert_eq!(fixture.authority.count(ORDER), 2);
    assert_eq!(fixture.authority.count("POST /new-account"), 1);
    fixture.assert_plays(&host).await;
    host.finish().await;
}

#[tokio::test]
async fn an_authority_that_is_busy_says_when_to_come_again() {
    let fixture = Fixture::new().await;
    fixture.authority.next(Fault::RateLimited);
    let host = fixture.start().await;
    let told = host.journal().message("no certificate for localhost").await;
    for part in [
        "too many new orders recently (rateLimited)",
        "the next try is in 2 s",
    ] {
        assert!(told.message.contains(part), "{}", told.message);
    }
    host.journal().message(IN_FORCE).await;
    fixture.assert_plays(&host).await;
    host.finish().await;
}

#[tokio::test]
async fn an_authority_that_is_out_of_order_is_asked_again_at_a_word() {
    let fixture = Fixture::new().await;
    fixture.authority.next(Fault::Silent);
    fixture.authority.next(Fault::BadGateway);
    let host = fixture.start().await;
    let journal = host.journal();
    journal.message("no answer within 20 s").await;
    host.process().signal(Signal::HUP);
    let told = journal.message("502 Bad Gateway").await;
    assert!(told.message.contains("the next try is in 80 s"));
    host.process().signal(Signal::HUP);
    journal.message(IN_FORCE).await;
    fixture.assert_plays(&host).await;
    host.finish().await;
}

#[tokio::test]
async fn nonces_and_accounts_that_are_refused_are_made_anew() {
    let fixture = Fixture::new().await;
    fixture.authority.next(Fault::BadNonce);
    let host = fixture.start().await;
    host.journal().message(IN_FORCE).await;
    let data = host.kill().await;
    assert_eq!(fixture.authority.count("POST /new-account"), 2);
    assert_eq!(fixture.authority.count(ORDER), 1);

    // Another name is not in the certificate that is kept, and the authority does not know the account any more.
    fixture.authority.next(Fault::Forgetful);
    let settings = fixture.settings.clone();
    let settings = settings.arguments(["--acme", "films.localhost"]);
    let host = settings.start_in(data).await;
    fixture.authority.connect_to(host.address());
    let both = "a certificate for localhost, films.localhost is in force until";
    host.journal().message(both).await;
    fixture.assert_plays(&host).await;
    assert_eq!(fixture.authority.count("POST /new-account"), 3);
    let log = host.finish().await;
    assert!(!log.contains("\"error\""), "{log}");
}

#[tokio::test]
async fn a_renewal_breaks_nothing_off() {
    let fixture = Fixture::new().await;
    fixture.authority.next(Fault::NearlyOver);
    let host = fixture.start().await;
    host.journal().message(IN_FORCE).await;
    let data = host.kill().await;

    // Started with a certificate that is nearly over, it asks by itself.
    fixture.authority.pause();
    let host = fixture.settings.start_in(data).await;
    fixture.authority.connect_to(host.address());
    let journal = host.journal();
    journal
        .message("the certificate for localhost is in force until")
        .await;
    is_counted(&host, fixture.life(0)).await;
    let believer = fixture.authority.client();
    let old = presented(host.address(), &believer, HTTP).await.unwrap();
    // A viewer in the middle of a film, and a connection that is kept.
    let gate = Gate::of_pieces(100_000);
    let film = key("film.m4s");
    fixture.bucket.put(&film, vec![7; 300_000]);
    fixture.bucket.always(&film, Act::Through(gate.clone()));
    let viewer = fixture.viewer(&host);
    let ask = viewer.get(path("film.m4s")).cookie(&session());
    let mut playing = ask.stream().await;
    gate.open(1);
    playing.exactly(100_000).await;
    let mut kept = viewer.connect().await;

    fixture.authority.resume();
    journal.message(IN_FORCE).await;
    is_counted(&host, fixture.life(1)).await;
    let new = presented(host.address(), &believer, HTTP).await.unwrap();
    assert_ne!(old, new);
    gate.open_wide();
    assert_eq!(playing.count().await.unwrap(), 200_000);
    let ask = viewer.get(path("a.m4s")).cookie(&session());
    let answer = kept.send(&ask).await.unwrap().finish().await.unwrap();
    assert_eq!(answer.status, 200);
    host.finish().await;
}

#[tokio::test]
async fn a_renewal_that_fails_leaves_the_certificate_in_force() {
    let fixture = Fixture::new().await;
    fixture.authority.next(Fault::NearlyOver);
    let host = fixture.start().await;
    host.journal().message(IN_FORCE).await;
    fixture.authority.next(Fault::BadGateway);
    // It is due, and waits a minute by itself.
    host.process().signal(Signal::HUP);
    let told = host.journal().message("no certificate for localhost").await;
    assert!(
        told.message.contains("the one in force ends 2"),
        "{}",
        told.message
    );
    fixture.assert_plays(&host).await;
    host.finish().await;
}

#[tokio::test]
async fn a_folder_that_was_spoiled_is_told_and_filled_again() {
    let fixture = Fixture::new().await;
    let host = fixture.start().await;
    host.journal().message(IN_FORCE).await;
    let data = host.kill().await;
    let folder = fs::read_dir(data.path().join("acme")).unwrap().next();
    let folder = folder.unwrap().unwrap().path();
    for file in ["account.json", "certificate.pem"] {
        fs::write(folder.join(file), "{").unwrap();
    }
    let host = fixture.settings.start_in(data).await;
    fixture.authority.connect_to(host.address());
    let journal = host.journal();
    journal
        .message("cannot be used, another is asked for")
        .await;
    journal.message("cannot be used, another is made").await;
    journal.message(IN_FORCE).await;
    fixture.assert_plays(&host).await;
    host.finish().await;
}

#[tokio::test]
async fn the_authority_itself_has_to_be_who_it_is() {
    let fixture = Fixture::new().await;
    let other = AcmeServer::start().await;
    let mut words = fixture.authority.arguments();
    words[5] = other.root().into();
    let settings = Settings::new(fixture.bucket.address()).arguments(words);
    let host = settings.start().await;
    let told = host.journal().message("no certificate for localhost").await;
    assert!(
        told.message.contains("invalid peer certificate"),
        "{}",
        told.message
    );
    assert_eq!(fixture.authority.asked(), Vec::<String>::new());
    host.finish().await;
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_said_at_the_start() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let shown = file.display().to_string();
    let pem = Certificate::make();
    let files = pem.arguments().map(|word| word.display().to_string());
    let [_, certificate, _, private_key] = &files;
    let cases: [(&[&str], i32, &[&str]); 9] = [
        (
            &["--acme", "192.0.2.1"],
            2,
            &["'192.0.2.1'", "--acme", "for a name"],
        ),
        (
            &["--acme", "*.films.example"],
            2,
            &["a wildcard is proved by DNS"],
        ),
        (
            &["--acme", "https://films.example/"],
            2,
            &["give the name alone"],
        ),
        (
            &[
                "--acme",
                "films.example",
                "--acme-contact",
                "ada@example.com",
            ],
            2,
            &["mailto:"],
        ),
        (
            &["--acme", "films.example", "--acme-directory", "http://a/"],
            2,
            &["https://"],
        ),
        (
            &["--acme-contact", "mailto:a@b.example"],
            2,
            &["--acme <DOMAIN>"],
        ),
        (
            &[
                "--acme",
                "films.example",
                "--tls-cert",
                certificate,
                "--tls-key",
                private_key,
            ],
            2,
            &["cannot be used with"],
        ),
        (
            &["--acme", "films.example", "--acme-ca", &shown],
            78,
            &[&shown, "--acme-ca"],
        ),
        (
            &["--acme", "films.example", "--acme-cache", &shown],
            1,
            &[&shown, "--acme-cache"],
        ),
    ];
    for (words, code, parts) in cases {
        let settings = Settings::new(([127, 0, 0, 1], 9).into()).arguments(words);
        let data = TempDir::new().unwrap();
        let outcome = run(&mut settings.command(data.path())).await;
        assert_eq!(outcome.code, Some(code), "{words:?}: {}", outcome.stderr);
        for part in parts {
            assert!(
                outcome.stderr.contains(part),
                "{words:?}: {}",
                outcome.stderr
            );
        }
    }
}

/// The certificate of files is told as that of an authority is.
#[tokio::test]
async fn files_say_when_they_end_as_well() {
    let (first, second) = (Certificate::ending(2030), Certificate::ending(2031));
    let bucket = Bucket::start().await;
    let settings = Settings::new(bucket.address())
        .arguments(first.arguments())
        .arguments(ARGUMENTS);
    let host = settings.start().await;
    let address = host.metrics_address().await;
    let expiry = EXPIRY.replace("acme", "files");
    // `date -u -d 2030-01-01 +%s`, and a year later.
    for (end, next) in [(1_893_456_000.0, Some(&second)), (1_924_992_000.0, None)] {
        let told = Samples::once(address, |samples| samples.get(&expiry) == end);
        within("the end in the metrics", told).await;
        if let Some(next) = next {
            first.replace_with(next);
        }
    }
    host.finish().await;
}

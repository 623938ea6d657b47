//! The subscription and its status, at a fake Stream and before a gate.

use std::sync::{Arc, Mutex};

use clap::Parser;
use reelgate_fake_stream::{Fake, Options, signature};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{Args, run};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

struct Account {
    fake: Fake,
    folder: TempDir,
}

impl Account {
    async fn new(token: &str) -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let fake = Fake::start(Options::for_tests(folder.path().to_owned()));
        let fake = fake.await.unwrap();
        let variables = format!(
            "SPIN_VARIABLE_CLOUDFLARE_ACCOUNT_ID=test-account\nSPIN_VARIABLE_CF_STREAM_API_TOKEN={token}\nSPIN_VARIABLE_CF_STREAM_API_BASE={}\n",
            fake.url()
        );
        std::fs::write(folder.path().join("gate.env"), variables).unwrap();
        Self { fake, folder }
    }

    /// The addresses of all subscriptions that were made over the API.
    fn put(&self) -> Vec<String> {
        let asked = self.fake.asked().into_iter();
        let put = asked.filter(|asked| asked.method == "PUT");
        put.map(|asked| {
            asked.body.unwrap()["notificationUrl"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
    }

    /// What webhooks are signed with now.
    fn secret(&self) -> String {
        self.fake.subscription().unwrap().secret
    }

    async fn run(&self, words: &[&str]) -> Result<(), String> {
        let file = self.folder.path().join("gate.env");
        let line = ["stream"].iter().chain(words).copied();
        let line = line.chain(["--env-file", file.to_str().unwrap()]);
        let line = Line::try_parse_from(line).unwrap();
        run(line.args).await.map_err(|failure| failure.to_string())
    }
}

#[tokio::test]
async fn a_subscription_of_somebody_else_is_left_alone() {
    let account = Account::new("test-api-token").await;
    account.fake.subscribe("https://other.example/hook");
    let url = [
        "subscribe",
        "--notification-url",
        "https://video.example/hook",
    ];
    let refused = account.run(&url).await.unwrap_err();
    assert!(refused.contains("https://other.example/hook"), "{refused}");
    assert!(refused.contains("--replace"), "{refused}");
    account
        .run(&[url.as_slice(), &["--replace"]].concat())
        .await
        .unwrap();
    assert_eq!(account.put(), ["https://video.example/hook"]);
}

#[tokio::test]
async fn a_subscription_that_is_there_is_not_made_anew_unless_that_is_wished() {
    let account = Account::new("test-api-token").await;
    let url = "https://video.example/hook";
    let subscribe = ["subscribe", "--notification-url", url];
    let first = account.fake.subscribe(url);
    account.run(&subscribe).await.unwrap();
    // Each PUT would have rolled the secret.
    assert_eq!(account.put(), [""; 0]);
    assert_eq!(account.secret(), first);
    account
        .run(&[subscribe.as_slice(), &["--replace"]].concat())
        .await
        .unwrap();
    assert_eq!(account.secret(), first);
    account
        .run(&[subscribe.as_slice(), &["--roll"]].concat())
        .await
        .unwrap();
    assert_eq!(account.put(), [url]);
    assert_ne!(account.secret(), first);
}

/// What a gate does with these secrets, as far as `status` can see; gives what it was sent.
async fn gate(secrets: Arc<Mutex<Vec<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut said = Vec::new();
            while !said.ends_with(b"\r\n\r\n{}") {
                if socket.read_buf(&mut said).await.unwrap() == 0 {
                    break;
                }
            }
            let said = String::from_utf8(said).unwrap();
            let header = said.split("webhook-signature: ").nth(1).unwrap();
            let header = header.split("\r\n").next().unwrap();
            let time = header.split(['=', ',']).nth(1).unwrap().parse().unwrap();
            let secrets = secrets.lock().unwrap().clone();
            let is_known = secrets
                .iter()
                .any(|secret| signature(secret, time, b"{}") == header);
            let (status, reason) = match is_known {
                true => ("400 Bad Request", "not_a_report"),
                false => ("401 Unauthorized", "signature_mismatch"),
            };
            let body = format!("{{\"reason\":\"{reason}\"}}");
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
            let said = format!("{head}connection: close\r\n\r\n{body}");
            socket.write_all(said.as_bytes()).await.unwrap();
        }
    });
    format!("http://{address}/api/webhooks/stream")
}

#[tokio::test]
async fn a_status_asks_the_running_gate() {
    let account = Account::new("test-api-token").await;
    let secrets = Arc::default();
    let url = gate(Arc::clone(&secrets)).await;
    let subscription = |secret: String| super::cloudflare::Subscription {
        notification_url: url.clone(),
        secret,
        modified: String::new(),
    };
    let ask = async |secret: String| super::probe::probe(&subscription(secret)).await;
    let first = account.fake.subscribe(&url);
    *secrets.lock().unwrap() = vec!["older".to_owned(), first.clone()];
    assert_eq!(ask(first).await.word(), "believed");
    account
        .run(&["subscribe", "--notification-url", &url, "--roll"])
        .await
        .unwrap();
    // The gate was not restarted.
    let asked = ask(account.secret()).await;
    assert_eq!(asked.word(), "other_secret");
    assert!(asked.in_words().contains("restart it"));
    let nobody = super::cloudflare::Subscription {
        notification_url: "http://127.0.0.1:1/".to_owned(),
        ..subscription("secret".to_owned())
    };
    assert_eq!(super::probe::probe(&nobody).await.word(), "unreached");
}

#[tokio::test]
async fn a_wrong_token_is_told_as_such() {
    let account = Account::new("guess").await;
    let refused = account.run(&["status"]).await.unwrap_err();
    assert!(
        refused.contains("403 Forbidden: Authentication error"),
        "{refused}"
    );
    assert!(refused.contains("may edit Stream"), "{refused}");
}

#[tokio::test]
async fn an_account_without_subscription_has_a_status() {
    let account = Account::new("test-api-token").await;
    account.run(&["status", "--json"]).await.unwrap();
}

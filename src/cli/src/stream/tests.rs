//! The subscription, at a fake Stream.

use clap::Parser;
use reelgate_fake_stream::{Fake, Options};
use tempfile::TempDir;

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
    // Once more changes nothing, and prints the secret again.
    account.run(&url).await.unwrap();
    let put = account
        .fake
        .asked()
        .into_iter()
        .filter(|asked| asked.method == "PUT");
    let urls: Vec<_> = put
        .map(|asked| asked.body.unwrap()["notificationUrl"].clone())
        .collect();
    assert_eq!(urls, ["https://video.example/hook"; 2]);
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

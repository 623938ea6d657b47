//! What a host tells Prometheus, read as OpenMetrics.

use crate::client::{Answer, Client};
use crate::deadline::within;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The words that make a host count aloud.
pub const ARGUMENTS: [&str; 2] = ["--metrics-listen", "127.0.0.1:0"];

/// All samples of one scrape.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples(BTreeMap<String, f64>);

impl Samples {
    /// Scrapes `address` as Prometheus does.
    ///
    /// # Panics
    ///
    /// The answer is no OpenMetrics.
    pub async fn scrape(address: SocketAddr) -> Self {
        let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
        let ask = Client::new(address)
            .get("/metrics")
            .header("accept", accept);
        Self::read(&ask.send().await)
    }

    fn read(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("content-type"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        );
        let text = answer.text();
        assert!(text.ends_with("\n# EOF\n"), "{text}");
        let mut samples = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            let value = value.parse().expect("a number");
            let before = samples.insert(name.to_owned(), value);
            assert!(before.is_none(), "{name} is there twice");
        }
        Self(samples)
    }

    /// Scrapes `address` until `is_so`: what a client has is counted a moment later.
    ///
    /// # Panics
    ///
    /// It never is.
    pub async fn once(address: SocketAddr, is_so: impl Fn(&Self) -> bool) -> Self {
        within("the metrics say so", async {
            loop {
                let samples = Self::scrape(address).await;
                if is_so(&samples) {
                    return samples;
                }
            }
        })
        .await
    }

    /// The sample with this name and these labels, as it is written; 0 where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// The sum of all samples of one name, whatever their labels.
    #[must_use]
    pub fn sum(&self, name: &str) -> f64 {
        let with_labels = format!("{name}{{");
        self.0
            .iter()
            .filter(|(own, _)| *own == name || own.starts_with(&with_labels))
            .map(|(_, value)| value)
            .sum()
    }

    /// Every name with its labels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

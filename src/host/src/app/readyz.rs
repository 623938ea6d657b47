//! `/readyz`: whether the application can do its work, for whoever sends it requests.
//!
//! Anybody may ask, so a report names what is not ready and nothing more: no value, no address. The log says why.

mod bucket;
mod cached;

use crate::app::handler::HandlerPre;
use crate::app::readyz::bucket::BucketProbe;
use crate::app::readyz::cached::Cached;
use crate::app::variables::Faults;
use crate::http::client::HttpClient;
use crate::log::Log;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// For how long what was learnt of the bucket holds.
const BUCKET: Duration = Duration::from_secs(5);
/// For how long a good catalog is believed: to try it costs a handful of requests, and a write.
const GOOD_CATALOG: Duration = Duration::from_secs(60);
/// A catalog that is mended should be noticed soon.
const BAD_CATALOG: Duration = Duration::from_secs(10);

/// What has to be ready.
#[derive(Default)]
pub(crate) struct Readyz {
    /// Variables whose values cannot be used.
    variables: BTreeSet<String>,
    buckets: Vec<BucketProbe>,
    catalogs: Vec<Arc<HandlerPre>>,
    bucket: Cached<Check>,
    catalog: Cached<Check>,
}

/// What is wrong; `None` when nothing is.
type Check = Option<String>;

impl Readyz {
    /// Has the values of variables reported that cannot be used.
    pub(crate) fn add_faults(&mut self, faults: &Faults) {
        let names = faults.0.iter().map(|fault| fault.variable.clone());
        self.variables.extend(names);
    }

    /// Has the bucket of `handler` asked, where it is a gate, and its catalog, where it has one.
    pub(crate) fn add(&mut self, handler: &Arc<HandlerPre>) {
        if handler.need.is_gate {
            self.buckets.extend(BucketProbe::new(&handler.config));
        }
        if handler.readiness.is_some() {
            self.catalogs.push(Arc::clone(handler));
        }
    }

    /// What is ready just now. Requests that come at once, or soon after, share an answer.
    pub(crate) async fn report(&self, client: &HttpClient) -> Report {
        let bucket = self.bucket.get(|_| BUCKET, self.bucket_problem(client));
        let for_catalog = |check: &Check| match check {
            None => GOOD_CATALOG,
            Some(_) => BAD_CATALOG,
        };
        let catalog = self.catalog.get(for_catalog, self.catalog_problem(client));
        let (bucket, catalog) = tokio::join!(bucket, catalog);
        Report([
            // Requests are answered when all are compiled.
            ("components", None),
            ("variables", self.variables_problem()),
            ("bucket", bucket),
            ("catalog", catalog),
        ])
    }

    fn variables_problem(&self) -> Check {
        let names: Vec<&str> = self.variables.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("cannot be used: {}", names.join(", ")))
    }

    async fn bucket_problem(&self, client: &HttpClient) -> Check {
        for bucket in &self.buckets {
            if let Some(problem) = bucket.problem(client).await {
                return Some(problem.to_owned());
            }
        }
        None
    }

    async fn catalog_problem(&self, client: &HttpClient) -> Check {
        for handler in &self.catalogs {
            let Some(readiness) = &handler.readiness else {
                continue;
            };
            if let Some(problem) = readiness.problem(&handler.config, client).await {
                log(&handler.config.log, &problem);
                return Some("cannot be used, the log says why".into());
            }
        }
        None
    }
}

fn log(log: &Log, problem: &str) {
    log.error("host", &format!("the catalog cannot be used: {problem}"));
}

/// What is ready, part by part.
pub(crate) struct Report([(&'static str, Check); 4]);

impl Report {
    /// Whether all is.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.iter().all(|(_, problem)| problem.is_none())
    }

    /// The answer's body: `ok` for each part, or what is wrong with it.
    pub(crate) fn to_json(&self) -> String {
        let check = |(name, problem): &(&str, Check)| {
            let text = problem.as_deref().unwrap_or("ok");
            ((*name).to_owned(), Value::from(text))
        };
        let checks: Map<String, Value> = self.0.iter().map(check).collect();
        json!({ "ready": self.is_ready(), "checks": checks }).to_string()
    }
}

//! Journeys through the built components in the real host, seen from outside: by players, portals,
//! buckets and operators. `cargo xtask test` builds what they need and runs them.

#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

/// Runs each journey with both of the host's origins: what a viewer sees must be the same.
macro_rules! with_each_origin {
    ($($journey:ident)*) => {
        mod native {
            $(#[tokio::test]
            async fn $journey() {
                super::$journey(reelgate_tests::host::Origin::Native).await;
            })*
        }
        mod component {
            $(#[tokio::test]
            async fn $journey() {
                super::$journey(reelgate_tests::host::Origin::Component).await;
            })*
        }
    };
}

mod acme;
mod answers;
mod archive;
mod authority;
mod aws;
mod bodies;
mod browsers;
mod bundle;
mod cache;
mod catalog;
mod checking;
mod clips;
mod credentials;
mod crowd;
mod damage;
mod disguises;
mod elsewhere;
mod encoding;
mod encrypted;
mod endings;
mod handover;
mod hostile;
mod kinds;
mod limits;
mod logs;
mod manifests;
mod memory;
mod metrics;
mod playback;
mod players;
mod protocols;
mod readyz;
mod refusals;
mod reload;
mod schedule;
mod sharing;
mod siege;
mod source;
mod start;
mod stores;
mod sweeps;
mod traces;
mod trouble;
mod vectors;
mod videos;
mod watchmen;
mod webhooks;

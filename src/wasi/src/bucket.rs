//! The way of a catalog to its bucket.

use crate::fetch::exchange;
use crate::incoming::Fields;
use crate::wait::pause;
use crate::{now, random};
use reelgate_core::origin::Failure;
use reelgate_core::time::UnixTime;
use reelgate_core::video::bucket::MAX_ANSWER_BYTES;
use reelgate_core::video::{Call, Received, Transport};
use std::time::Duration;

/// Sends what the rules have signed, over the host's client.
#[derive(Clone, Copy, Debug)]
pub struct BucketTransport;

impl Transport for BucketTransport {
    type Headers = Fields;

    async fn send(&self, call: &Call) -> Result<Received<Fields>, Failure> {
        let (status, headers, body) = exchange(call, MAX_ANSWER_BYTES + 1).await?;
        Ok(Received {
            status,
            headers,
            body,
        })
    }

    async fn pause(&self, time: Duration) {
        pause(time).await;
    }

    fn now(&self) -> UnixTime {
        now()
    }

    fn random(&self) -> [u8; 16] {
        random()
    }
}

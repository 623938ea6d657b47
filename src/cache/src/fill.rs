//! A fetch: an object arrives for all who want it, at the bucket's pace.

use crate::Shared;
use crate::disk::SpaceKey;
use crate::object::{Attendance, Object};
use crate::piece::CHUNK;
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long a fetch may go on that nobody waits for.
const UNATTENDED: Duration = Duration::from_secs(10);

/// An object on its way. Dropped before it is whole, the object has failed and is forgotten.
pub(crate) struct Arrival {
    pub(crate) id: u64,
    pub(crate) object: Arc<Object>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: Arc<SpaceKey>,
    pieces: Pieces,
}

impl Arrival {
    pub(crate) fn new(
        id: u64,
        object: Arc<Object>,
        shared: Arc<Shared>,
        key: Arc<SpaceKey>,
    ) -> Self {
        let pieces = Pieces::of(object.size);
        Self {
            id,
            object,
            shared,
            key,
            pieces,
        }
    }

    /// Takes `body` to its end. Whoever reads sees each frame as it comes.
    pub(crate) async fn fill<B: Body<Data = Bytes> + Unpin>(mut self, body: B) {
        if self.receive(body).await.is_none() {
            self.shared.counters.broken();
            return;
        }
        let chunks = std::mem::take(&mut self.pieces).finish();
        self.object.complete(chunks);
        if let Some(disk) = &self.shared.disk {
            disk.keep(&self.key, &self.object).await;
        }
    }

    /// `None` when it broke off, was too long, or was given up.
    async fn receive<B: Body<Data = Bytes> + Unpin>(&mut self, mut body: B) -> Option<()> {
        let mut deadline = None;
        loop {
            let frame = tokio::select! {
                biased;
                frame = body.frame() => frame,
                () = self.object.left.notified() => {
                    deadline = self.unattended(deadline)?;
                    continue;
                }
                () = until(deadline) => {
                    deadline = self.unattended(deadline)?;
                    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        return None;
                    }
                    continue;
                }
            };
            let Some(frame) = frame else {
                return (self.pieces.missing == 0).then_some(());
            };
            // Trailers are the bucket's own business.
            let Ok(data) = frame.ok()?.into_data() else {
                continue;
            };
            let full = self.pieces.take(&data)?;
            self.object.publish(data, full);
        }
    }

    /// Until when a fetch may go on; for ever while it is waited for. `None` when it is given up.
    fn unattended(&self, since: Option<Instant>) -> Option<Option<Instant>> {
        match self.object.attendance() {
            Attendance::Awaited => Some(None),
            Attendance::ReadAhead => Some(since.or_else(|| Some(Instant::now() + UNATTENDED))),
            Attendance::Deserted => None,
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if self.object.whole().is_none() {
            self.shared.memory.remove(self.id, &self.object);
            self.object.fail();
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Puts bytes together in pieces of one size. Frames are cut out of buffers that may be much larger than they
/// are, so to keep them would be to keep more than is counted.
#[derive(Debug, Default)]
struct Pieces {
    full: Vec<Bytes>,
    open: Vec<u8>,
    missing: u64,
}

impl Pieces {
    fn of(size: u64) -> Self {
        Self {
            full: Vec::with_capacity(usize::try_from(size / CHUNK as u64 + 1).unwrap_or(0)),
            open: Vec::new(),
            missing: size,
        }
    }

    /// The pieces that `data` has filled; `None` when there is more than was announced.
    fn take(&mut self, data: &[u8]) -> Option<Vec<Bytes>> {
        let mut filled = Vec::new();
        let mut rest = data;
        while !rest.is_empty() {
            if self.missing < rest.len() as u64 {
                return None;
            }
            if self.open.is_empty() {
                let room = usize::try_from(self.missing).unwrap_or(CHUNK).min(CHUNK);
                self.open = Vec::with_capacity(room);
            }
            let (now, later) = rest.split_at(rest.len().min(CHUNK - self.open.len()));
            self.open.extend_from_slice(now);
            self.missing -= now.len() as u64;
            rest = later;
            if self.open.len() == CHUNK {
                let piece = Bytes::from(std::mem::take(&mut self.open));
                self.full.push(piece.clone());
                filled.push(piece);
            }
        }
        Some(filled)
    }

    fn finish(mut self) -> Vec<Bytes> {
        if !self.open.is_empty() {
            self.full.push(Bytes::from(self.open));
        }
        self.full
    }
}

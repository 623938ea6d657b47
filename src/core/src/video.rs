//! The Stream path: originals in the bucket are encoded by Cloudflare Stream, and none is ever stuck.
//!
//! Everything is sans-IO. A component brings requests, a store, Stream's answers, the time and chance; it
//! is told what to answer, what to write and whom to ask.
//!
//! | component | asks |
//! | --- | --- |
//! | `catalog` | [`Catalog`] on its own [`Store`] or a [`BucketStore`]; [`Catalog::trust`] before it writes |
//! | `transcoder` | [`config::Transcoder`], then a [`Call`] of [`config::StreamAccess`], then the `read_…` beside it |
//! | `source` | [`routes::source::decide`], then [`routes::source::Forward::respond`] |
//! | `webhook` | [`routes::webhook::precheck`], then of what it gives [`routes::webhook::Awaited::decide`], then the catalog's `report` and [`routes::webhook::received`] |
//! | `videos` | [`routes::api::route`], then the catalog, then one of [`routes::answers`] |
//! | `reconciler` | [`routes::reconcile::authorise`], then [`Sweep`] over the catalog's rows in flight, then [`routes::reconcile::done`] |
//!
//! **Submitting** is three steps, for `videos` and in the sweep alike. The catalog applies
//! [`Event::Encode`] or [`Event::Submit`]. Only the one whose event has [`Effect::Changed`] the row makes a
//! [`Submission`] of it and sends it, once. What came of it is [`Submitted`], and the catalog applies its
//! [`event`](Submitted::event). Whatever breaks off between these steps, the sweep finishes.
//!
//! Why this cannot lose, double or block a video is told in [`lifecycle`] for one row and in [`catalog`]
//! for the store.

pub mod bucket;
pub mod catalog;
pub mod config;
pub mod id;
mod index;
mod join;
pub mod lifecycle;
mod redact;
pub mod report;
pub mod routes;
pub mod row;
pub mod store;
pub mod stream_api;
pub mod sweep;

pub use crate::key::{BadSourceKey, SourceKey};
pub use bucket::{BucketStore, Received, Transport};
pub use catalog::{Applied, Catalog, Damaged, Effect, InFlight, MAX_EVENTS, Page, Trouble};
pub use id::{BadId, StreamUid, VideoId};
pub use index::MAX_IN_FLIGHT;
pub use lifecycle::{Event, Outcome, Refusal, Stale, Via, apply, is_legal};
pub use report::{BadReport, Label, Progress, Report};
pub use row::{BadRow, Cause, Failure, Row, Status, Transition};
pub use store::{Entries, Entry, Ids, Right, Store, StoreError};
pub use stream_api::{Answered, Call, CallFailed, Listed, Submission, Submitted};
pub use sweep::{Ended, Step, Summary, Sweep, Told};

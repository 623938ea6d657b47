//! The Stream path: originals in the bucket are encoded by Cloudflare Stream, and none is ever stuck.
//!
//! Everything is sans-IO. A component brings requests, stored rows and Stream's answers; it is told what
//! to answer, what to write and whom to ask.

pub mod catalog;
pub mod config;
mod form;
pub mod id;
mod index;
pub mod lifecycle;
pub mod problem;
mod redact;
pub mod report;
pub mod row;
pub mod source;
pub mod store;
pub mod stream_api;
pub mod sweep;
pub mod webhook;

pub use crate::key::{BadSourceKey, SourceKey};
pub use catalog::{Applied, Catalog, Effect, InFlight, Page, Trouble};
pub use id::{BadId, StreamUid, VideoId};
pub use index::MAX_IN_FLIGHT;
pub use lifecycle::{Event, Outcome, Refusal, Stale, Via, apply, is_legal};
pub use report::{BadReport, Label, Progress, Report};
pub use row::{BadRow, Cause, Failure, Row, Status, Transition};
pub use store::{Store, StoreError};
pub use stream_api::{Answered, Call, CallFailed, Listed, Submission, Submitted};
pub use sweep::{Step, Summary, Sweep, Told};

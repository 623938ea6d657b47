//! The origin: a path becomes a signed request to an S3 bucket, the bucket's answer becomes the viewer's.
//!
//! [`Dialogue`] is the whole of it, without a socket: its driver sends what [`Step::Send`] says,
//! reports what came back as an [`Event`], and is told the next step. The component and the host's
//! own origin are two thin loops around the same rules. Most of it is one [`Exchange`] about one object; a
//! clip is made of two or three, one after the other.
//!
//! Range and conditional requests are decided here even where the bucket decided before: not every
//! store listens to `If-Match`, and R2 does not know `If-Range`.

use core::time::Duration;

pub(crate) mod bucket;
mod clipping;
mod conditions;
mod config;
mod dialogue;
pub(crate) mod error_document;
mod exchange;
mod presign;
mod question;
pub mod range;
mod received;
mod stored;
mod trouble;
mod upload;
mod validators;

pub use crate::endpoint::Scheme;
pub use config::Config;
pub use dialogue::Dialogue;
pub use exchange::{BucketRequest, Event, Exchange, Failure, Step};
pub use stored::{FromStored, asks_for_whole, from_stored, has_conditions};
pub use trouble::{Level, Note};
pub use upload::PresignedUpload;

/// How long a connection to the bucket may take to open, TLS included. A bucket that is there
/// answers within a few hundred milliseconds; two attempts stay within a player's patience.
pub const CONNECT: Duration = Duration::from_secs(5);

/// How long the bucket may take from the request to the head of its answer. Players give up on a
/// segment after 10 to 20 seconds, so a later answer would find nobody.
pub const FIRST_BYTE: Duration = Duration::from_secs(10);

/// How long the bucket may be silent inside a body. Longer than any healthy pause, short enough
/// that a dead transfer does not hold a connection for good.
pub const BETWEEN_BYTES: Duration = Duration::from_secs(30);

/// How long a body may take that is read whole before anything is answered: the bucket's reason for a refusal, a
/// playlist that is cut, what Stream says. The longest of them has 2 MiB.
pub const WHOLE_BODY: Duration = Duration::from_secs(10);

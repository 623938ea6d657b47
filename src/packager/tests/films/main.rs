//! Films of all kinds through the whole packager into a bucket, judged from outside: by ffmpeg and
//! ffprobe, which play what lies there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod captions;
mod disguised;
#[expect(unreachable_pub, reason = "the journeys take it from a library")]
#[path = "../../../../tests/src/encodes.rs"]
mod encodes;
mod kinds;
mod ladders;
mod oddities;
mod outside;
mod shelf;
mod small_pictures;

//! An S3 server for laptops and tests, in this process.
//!
//! s3s speaks the protocol and checks the signatures, s3s-fs writes the files, and `api` mends what
//! differs from R2: conditions, ranges, missing buckets, torn replacements, slow reads.

mod answer;
mod api;
mod attributes;
mod commit;
mod content;
mod digests;
mod locks;
mod place;
mod precondition;
mod server;
mod store;

pub use s3s::path::check_bucket_name as is_bucket_name;
pub use server::{Config, Error, Running, start};

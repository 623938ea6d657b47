//! The catalog and the transcoder: being one, and asking one.
//!
//! On this side of the seam between components are the types of [`reelgate_core::video`]; on it are those of
//! `wit/catalog.wit` and `wit/transcoder.wit`. A row is JSON there, as in the store and in the API.

mod ask;
mod errors;
mod provide;
mod reports;
mod rows;
mod serve;
mod submissions;

pub use catalog_types::CatalogError;
pub use errors::{BadWords, kind};
pub use provide::{Catalog, Readiness, Transcoder};
pub use rows::{InFlight, NewVideo, all_words, count, stored, words};
pub use serve::KeepsRows;

#[doc(hidden)]
pub use catalog_words::reelgate::catalog::types as catalog_types;
#[doc(hidden)]
pub use provide::{catalog_bindings, transcoder_bindings};
#[doc(hidden)]
pub use transcoder_words::reelgate::transcoder::types as transcoder_types;

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
mod catalog_words {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "catalog-words",
        generate_all,
    });
}

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
mod transcoder_words {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "transcoder-words",
        generate_all,
    });
}

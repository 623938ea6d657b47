//! The catalog and the transcoder: being one, and asking one.
//!
//! On this side of the seam between components are the types of [`reelgate_core::video`]; on it are those of
//! `wit/types.wit`. A row is JSON there, as in the store and in the API.

mod ask;
mod errors;
mod provide;
mod reports;
mod rows;

pub use errors::{BadWords, kind};
pub use provide::{Catalog, Transcoder};
pub use rows::{InFlight, NewVideo, all_words, count, stored, words};
pub use types::CatalogError;

#[doc(hidden)]
pub use bindings::reelgate::video::types;
#[doc(hidden)]
pub use provide::{catalog_bindings, transcoder_bindings};

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "video-words",
        generate_all,
    });
}

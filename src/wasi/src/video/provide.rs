//! Being the catalog or the transcoder of other components.

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
pub mod catalog_bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "catalog-provider",
        with: { "reelgate:catalog/types@0.1.0": crate::video::catalog_types },
        pub_export_macro: true,
        default_bindings_module: "reelgate_wasi::video::catalog_bindings",
    });
}

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    reason = "generated: foreign calls need it"
)]
pub mod transcoder_bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "transcoder-provider",
        with: { "reelgate:transcoder/types@0.1.0": crate::video::transcoder_types },
        pub_export_macro: true,
        default_bindings_module: "reelgate_wasi::video::transcoder_bindings",
    });
}

/// What a catalog does: `wit/catalog.wit`.
pub use catalog_bindings::exports::reelgate::catalog::catalog::Guest as Catalog;
/// Whether a catalog can do its work: `wit/catalog.wit`.
pub use catalog_bindings::exports::reelgate::catalog::readiness::Guest as Readiness;
/// What a transcoder does: `wit/transcoder.wit`.
pub use transcoder_bindings::exports::reelgate::transcoder::transcoder::Guest as Transcoder;

/// Exports a type as a catalog. It implements [`KeepsRows`](crate::video::KeepsRows).
#[macro_export]
macro_rules! export_catalog {
    ($type:ident) => {
        $crate::video::catalog_bindings::export!(
            $type with_types_in $crate::video::catalog_bindings
        );
    };
}

/// Exports a type as `reelgate:transcoder/transcoder`. It implements [`Transcoder`](crate::video::Transcoder).
#[macro_export]
macro_rules! export_transcoder {
    ($type:ident) => {
        $crate::video::transcoder_bindings::export!(
            $type with_types_in $crate::video::transcoder_bindings
        );
    };
}

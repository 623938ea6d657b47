//! The words of an interface as a component of their own.

use std::path::Path;

use anyhow::Result;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A module that does nothing: the magic number and version of WebAssembly's binary format.
const EMPTY_MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";

/// A component that exports what `world` exports, which is types alone.
///
/// Who asks and who is asked both import the types of an interface. Where nobody provides them the
/// composition imports them too, and a host that knows nothing of them may refuse it.
///
/// # Errors
/// When the WIT files cannot be read or have no such world.
pub(super) fn provider(wit: &Path, world: &str) -> Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit)?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut module = EMPTY_MODULE.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .encode()
}

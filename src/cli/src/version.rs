//! What this program was built of.

/// What runs components, as Cargo.lock has it; wasmtime itself does not tell.
const WASMTIME: &str = "48.0.8";

/// `reelgate --version --verbose`: what a report of a fault should say.
pub(crate) fn verbose() -> String {
    // Releases name them; a build on a desk is not told, or every commit would link it anew.
    let commit = option_env!("REELGATE_COMMIT").unwrap_or("not a release");
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let target = option_env!("REELGATE_TARGET").map_or(target, str::to_owned);
    let version = env!("CARGO_PKG_VERSION");
    let allocator = if cfg!(target_os = "linux") {
        "jemalloc"
    } else {
        "system"
    };
    format!(
        "reelgate {version}\ncommit: {commit}\ntarget: {target}\nwasmtime: {WASMTIME}\nallocator: {allocator}\nTLS: rustls with ring\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_is_built_in() {
        let lock = include_str!("../../../Cargo.lock");
        let found = lock.split_once("name = \"wasmtime\"\nversion = \"");
        let version = found.and_then(|(_, rest)| rest.split('"').next());
        assert_eq!(version, Some(WASMTIME));
    }
}

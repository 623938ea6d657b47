//! How the C library copies memory.
//!
//! glibc before 2.39 copies what is longer than a few kilobytes by the instruction `rep movsb` also where that is slow:
//! on AMD's Zen 3 and Zen 4 it takes up to twenty times as long as a loop of vector instructions
//! (<https://sourceware.org/bugzilla/show_bug.cgi?id=30994>), a third of the CPU of a gigabyte over TLS. Debian 12 has
//! such a glibc. It looks at the environment, before `main`, for how else to copy
//! (<https://sourceware.org/glibc/manual/latest/html_node/Hardware-Capability-Tunables.html>).

use std::io;

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod glibc {
    use std::arch::x86_64::__cpuid;
    use std::env;
    use std::ffi::{OsStr, OsString};
    use std::io;
    use std::os::unix::process::CommandExt as _;
    use std::path::Path;
    use std::process::{self, Command};
    use tokio::signal::unix::{SignalKind, signal};

    /// Where glibc looks.
    const VARIABLE: &str = "GLIBC_TUNABLES";
    const TUNABLE: &str = "glibc.cpu.x86_rep_movsb_threshold";
    /// From how many bytes on it may use the instruction: more than are ever copied at once.
    const NEVER: &str = "1000000000";
    /// The id of the process that was started once more.
    const AGAIN: &str = "REELGATE_AGAIN";

    /// Starts this program once more, as the same process, where that makes glibc copy faster.
    ///
    /// # Errors
    ///
    /// It could not, and this process would end with the first connection that breaks.
    pub(super) fn start_again() -> io::Result<()> {
        let itself = process::id().to_string();
        // glibc takes its variable from a program that has privileges of its file: it would start for ever.
        let is_again = env::var_os(AGAIN).is_some_and(|id| *id == *itself);
        if is_again || !is_amd() {
            return Ok(());
        }
        let before = env::var_os(VARIABLE).unwrap_or_default();
        let (Some(tunables), Ok(program)) = (tunables(&before), env::current_exe()) else {
            return Ok(());
        };
        if is_loader(&program) {
            return Ok(());
        }
        let mut words = env::args_os();
        let mut again = Command::new(program);
        if let Some(name) = words.next() {
            again.arg0(name);
        }
        again.args(words).env(VARIABLE, tunables).env(AGAIN, itself);
        // Returns only where it failed: the program was replaced this moment, or may not start programs.
        let _ = again.exec();
        outlive_broken_pipes()
    }

    /// What the variable is to be; `None` where somebody has settled it, be it this program.
    fn tunables(before: &OsStr) -> Option<OsString> {
        let settled = before.to_string_lossy().contains(TUNABLE);
        let ours = format!("{TUNABLE}={NEVER}");
        (!settled).then(|| match before.is_empty() {
            true => ours.into(),
            false => {
                let mut all = before.to_owned();
                all.push(":");
                all.push(ours);
                all
            }
        })
    }

    /// Newer versions of glibc do the same for all of AMD's processors.
    fn is_amd() -> bool {
        let vendor = __cpuid(0);
        [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes) == [*b"Auth", *b"enti", *b"cAMD"]
    }

    /// Whether it was the dynamic loader that was started, with this program as its argument (`ld-linux-x86-64.so.2`).
    fn is_loader(program: &Path) -> bool {
        let name = program.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with("ld-")
    }

    /// Rust has programs ignore SIGPIPE, and ends that for the program that it starts in its place.
    fn outlive_broken_pipes() -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let _entered = runtime.enter();
        // Whoever listened once has it caught for the rest of the process.
        signal(SignalKind::pipe()).map(drop)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_somebody_settled_stays() {
            let tunables = |before: &str| tunables(before.as_ref());
            let ours = "glibc.cpu.x86_rep_movsb_threshold=1000000000";
            assert_eq!(tunables(""), Some(ours.into()));
            let others = "glibc.malloc.arena_max=2";
            assert_eq!(tunables(others), Some(format!("{others}:{ours}").into()));
            assert_eq!(tunables("glibc.cpu.x86_rep_movsb_threshold=4096"), None);
            assert_eq!(tunables(ours), None);
        }
    }
}

/// Has memory copied by vector instructions where that is faster. It is for the start of a command: the program may
/// begin anew.
///
/// # Errors
///
/// It could not begin anew, nor go on as it was.
pub(crate) fn by_vectors() -> io::Result<()> {
    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
    glibc::start_again()?;
    Ok(())
}

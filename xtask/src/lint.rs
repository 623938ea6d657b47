//! Lints and documentation as a part of the build.
//!
//! `cargo clippy` and `cargo doc` check every dependency, although the build compiles it anyway. So Cargo calls this
//! program in the place of the compiler for the crates of this workspace (`RUSTC_WORKSPACE_WRAPPER`), and it has
//! clippy and rustdoc read what the compiler has read. What they say stays in a file for each crate, until that is
//! compiled again. Unit tests are compiled by clippy's driver itself, which is the compiler with more lints and fewer
//! optimisations, and with little of these: they need not run quickly.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::tools::rustup;
use crate::workspace::Workspace;

/// Names the folder of reports to whoever is called as the compiler.
const FOLDER: &str = "REELGATE_LINT_REPORTS";

/// How Cargo is told to call this program.
pub(crate) const WRAPPER: &str = "RUSTC_WORKSPACE_WRAPPER";

/// What clippy's driver and rustdoc are not told: where the compiler writes, and how it speaks to Cargo.
const COMPILERS_OWN: [&str; 5] = [
    "--emit",
    "--out-dir",
    "--error-format",
    "--json",
    "--diagnostic-width",
];

/// What rustdoc does not know beyond that: it has lints of its own.
const NOT_RUSTDOCS: [&str; 5] = [
    "--warn",
    "--allow",
    "--deny",
    "--forbid",
    "--remap-path-prefix",
];

/// What the compiler itself exits with when it breaks down.
const NO_COMPILER: i32 = 101;

const NOTHING: &str =
    "not linted; `cargo xtask test --only build` compiles and lints what has changed";

/// A workspace whose Cargo commands lint what they compile.
///
/// # Errors
/// When clippy is missing and cannot be installed, or the folder of reports cannot be made.
pub(crate) fn linting(workspace: Workspace) -> Result<Workspace> {
    rustup::ensure_component(&workspace, "clippy", "clippy")?;
    let folder = reports(&workspace);
    fs::create_dir_all(&folder)?;
    Ok(workspace.with_environment([
        (WRAPPER, env::current_exe()?.into_os_string()),
        (FOLDER, folder.into_os_string()),
    ]))
}

fn reports(workspace: &Workspace) -> PathBuf {
    workspace.in_target("lint")
}

/// Says what is wrong with the crates that are compiled.
///
/// # Errors
/// When something is, or when a package was never looked at.
pub(crate) fn judge(workspace: &Workspace) -> Result<()> {
    let folder = reports(workspace);
    let (mut looked_at, mut bad) = (Vec::new(), 0);
    for entry in fs::read_dir(&folder).context(NOTHING)? {
        let entry = entry?;
        let said = fs::read_to_string(entry.path())?;
        bad += usize::from(!said.is_empty());
        print!("{said}");
        looked_at.push(entry.file_name().to_string_lossy().into_owned());
    }
    for package in workspace.packages()? {
        let prefix = format!("{package} ");
        if !looked_at.iter().any(|name| name.starts_with(&prefix)) {
            bail!("{package}: {NOTHING}");
        }
    }
    println!("{} crates linted and documented", looked_at.len());
    match bad {
        0 => Ok(()),
        some => bail!("{some} of them are not in order"),
    }
}

/// Where Cargo has called this program as the compiler: compiles, lints and documents. The exit code is the compiler's.
pub(crate) fn as_compiler() -> Option<i32> {
    let folder = env::var_os(FOLDER)?;
    let mut words = env::args_os().skip(1);
    let compiler = words.next()?;
    if Path::new(&compiler).file_stem() != Some(OsStr::new("rustc")) {
        return None;
    }
    // Cargo's words are text: paths of crates and folders, and they are printed as such.
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let unit = Unit::of(&words);
    let outcome = match &unit {
        Some(unit) if unit.is_test() => unit.compile_linting(Path::new(&folder)),
        _ => compile(&compiler, &words, unit.as_ref(), Path::new(&folder)),
    };
    Some(outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        NO_COMPILER
    }))
}

/// Compiles, then lints and documents; gives the compiler's exit code.
fn compile(
    compiler: &OsStr,
    words: &[String],
    unit: Option<&Unit<'_>>,
    folder: &Path,
) -> Result<i32> {
    let status = Command::new(compiler).args(words).status()?;
    match unit {
        Some(unit) if status.success() => unit.report(folder)?,
        _ => {}
    }
    Ok(status.code().unwrap_or(NO_COMPILER))
}

/// One call of the compiler: a crate, as a library, a program or a test.
#[derive(Debug)]
struct Unit<'a> {
    words: &'a [String],
}

impl<'a> Unit<'a> {
    /// `None` where Cargo only asks the compiler something.
    fn of(words: &'a [String]) -> Option<Self> {
        let unit = Self { words };
        unit.value("--crate-name")
            .filter(|name| *name != "___")
            .map(|_| unit)
    }

    /// Compiles a test with clippy's driver, and writes what is wrong with it; gives the exit code.
    fn compile_linting(&self, folder: &Path) -> Result<i32> {
        let mut driver = Command::new("clippy-driver")
            .arg("rustc")
            .args(self.hurried())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run clippy-driver")?;
        let mut said = String::new();
        // For Cargo, line by line: it waits for some of them.
        for line in BufReader::new(driver.stderr.take().context("no standard error")?).lines() {
            let line = line?;
            eprintln!("{line}");
            said += rendered(&line).as_deref().unwrap_or_default();
        }
        let status = driver.wait()?;
        fs::write(folder.join(self.name()), said).context("cannot write what clippy said")?;
        Ok(status.code().unwrap_or(NO_COMPILER))
    }

    /// The words for the compiler, with little optimisation.
    fn hurried(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| match word.as_str() {
            "opt-level=3" => "opt-level=1",
            other => other,
        })
    }

    /// Lints and documents it, and writes what is wrong; nothing where nothing is.
    fn report(&self, folder: &Path) -> Result<()> {
        let scratch = folder.with_extension(format!("scratch-{}", std::process::id()));
        fs::create_dir_all(&scratch)?;
        let said = self.lint(&scratch).and_then(|linted| {
            let documented = if self.is_documented() {
                self.document(&scratch)?
            } else {
                String::new()
            };
            Ok(linted + &documented)
        });
        fs::remove_dir_all(&scratch)?;
        fs::write(folder.join(self.name()), said?).context("cannot write what clippy said")
    }

    /// Package, crate, and what it is compiled for.
    fn name(&self) -> String {
        let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
        let name = self.value("--crate-name").unwrap_or_default();
        let target = self.value("--target").unwrap_or("host");
        let test = if self.is_test() { " test" } else { "" };
        let kind = self.value("--crate-type").unwrap_or_default();
        format!("{package} {name} {kind} {target}{test}")
    }

    fn is_test(&self) -> bool {
        self.words.iter().any(|word| word == "--test")
    }

    fn is_program(&self) -> bool {
        self.value("--crate-type") == Some("bin")
    }

    fn is_documented(&self) -> bool {
        !self.is_test() && self.value("--crate-name") != Some("build_script_build")
    }

    /// The value of an option, given as one word or as two.
    fn value(&self, option: &str) -> Option<&'a str> {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if word == option {
                return words.next().map(String::as_str);
            }
            if let Some(value) = word
                .strip_prefix(option)
                .and_then(|rest| rest.strip_prefix('='))
            {
                return Some(value);
            }
        }
        None
    }

    fn without(&self, options: &[&str]) -> Vec<&'a str> {
        let (mut kept, mut words) = (Vec::new(), self.words.iter());
        while let Some(word) = words.next() {
            let (option, joined) = match word.split_once('=') {
                Some((option, _)) => (option, true),
                None => (word.as_str(), false),
            };
            if !options.contains(&option) {
                kept.push(word.as_str());
            } else if !joined {
                words.next();
            }
        }
        kept
    }

    fn lint(&self, scratch: &Path) -> Result<String> {
        let mut clippy = Command::new("clippy-driver");
        clippy
            .arg("rustc")
            .args(self.without(&COMPILERS_OWN))
            .args(["--emit=metadata", "--deny=warnings", "--out-dir"])
            .arg(scratch);
        said(&mut clippy)
    }

    /// As `cargo doc` does: of a program what is private too.
    fn document(&self, scratch: &Path) -> Result<String> {
        let mut rustdoc = Command::new("rustdoc");
        let unknown = [&COMPILERS_OWN[..], &NOT_RUSTDOCS[..]].concat();
        rustdoc
            .args(self.without(&unknown))
            .args(["--deny=warnings", "--out-dir"])
            .arg(scratch);
        if self.is_program() {
            rustdoc.args([
                "--document-private-items",
                "--allow=rustdoc::private_intra_doc_links",
            ]);
        }
        said(&mut rustdoc)
    }
}

/// What a line of the compiler's, in JSON for Cargo, says to people.
fn rendered(line: &str) -> Option<String> {
    let message: Value = serde_json::from_str(line).ok()?;
    Some(message.get("rendered")?.as_str()?.to_owned())
}

/// What `command` says where it fails; nothing where it does not.
fn said(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(String::new());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(if said.is_empty() {
        format!("{}: {}\n", command.get_program().display(), output.status)
    } else {
        said
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(String::from).collect()
    }

    #[test]
    fn a_crate_is_told_from_a_question() {
        assert!(Unit::of(&words("-vV")).is_none());
        assert!(Unit::of(&words("- --crate-name ___ --print=file-names")).is_none());
        let words = words("--crate-name core --crate-type lib --target=wasm32-wasip2 --test");
        let unit = Unit::of(&words).unwrap();
        assert!(unit.is_test() && !unit.is_program());
        assert!(unit.name().ends_with(" core lib wasm32-wasip2 test"));
    }

    #[test]
    fn what_is_for_people_is_found() {
        let warning =
            r#"{"$message_type":"diagnostic","level":"warning","rendered":"warning: unused\n"}"#;
        assert_eq!(rendered(warning).as_deref(), Some("warning: unused\n"));
        assert_eq!(
            rendered(r#"{"$message_type":"artifact","emit":"link"}"#),
            None
        );
        assert_eq!(rendered("no JSON"), None);
    }

    #[test]
    fn others_are_not_told_where_the_compiler_writes() {
        let words = words("--emit=link --out-dir deps a.rs --json=artifacts -C opt-level=3");
        let unit = Unit { words: &words };
        assert_eq!(unit.without(&COMPILERS_OWN), ["a.rs", "-C", "opt-level=3"]);
    }
}

//! `cargo xtask test`: all that CI runs, in the order that fails soonest.

mod docs;
mod tally;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::tally::Tally;
use crate::testbed::open_files;
use crate::tools::apt::{CHROMIUM, FFMPEG, REDIS};
use crate::tools::cargo_install::{self, CARGO_DENY};
use crate::workspace::{WASM_TARGET, Workspace};
use crate::{build, process, tools, wit};

/// Options of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only the steps whose name contains this word
    #[arg(long)]
    only: Option<String>,
}

type Action = fn(&Workspace, &mut Tally) -> Result<()>;

/// One line of the summary.
struct Step {
    name: &'static str,
    action: Action,
}

/// A later step does not need an earlier one to have passed, except that the end-to-end
/// tests and the documents need the build; without it they fail and say so.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        action: format,
    },
    Step {
        name: "clippy, host",
        action: clippy_host,
    },
    Step {
        name: "clippy, components",
        action: clippy_components,
    },
    Step {
        name: "licences, bans, sources",
        action: deny,
    },
    Step {
        name: "vendored WIT",
        action: vendored_wit,
    },
    Step {
        name: "documentation",
        action: documentation,
    },
    Step {
        name: "build",
        action: build_all,
    },
    Step {
        name: "unit and property tests",
        action: unit_tests,
    },
    Step {
        name: "python client",
        action: python_client,
    },
    Step {
        name: "web",
        action: web,
    },
    Step {
        name: "end-to-end tests",
        action: end_to_end,
    },
    Step {
        name: "documents",
        action: documents,
    },
    Step {
        name: "tutorials",
        action: tutorials,
    },
    Step {
        name: "book",
        action: book,
    },
    Step {
        name: "API description",
        action: docs::python::api,
    },
];

struct Finished {
    name: &'static str,
    took: Duration,
    outcome: Result<()>,
}

/// Runs every step, whatever the earlier ones said, then prints the summary and the count of tests.
///
/// # Errors
/// When a step failed.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let mut tally = Tally::default();
    let mut finished = Vec::new();
    for step in STEPS {
        if args
            .only
            .as_deref()
            .is_some_and(|word| !step.name.contains(word))
        {
            continue;
        }
        println!("\n=== {}", step.name);
        let start = Instant::now();
        let outcome = (step.action)(workspace, &mut tally);
        if let Err(error) = &outcome {
            eprintln!("error: {error:#}");
        }
        finished.push(Finished {
            name: step.name,
            took: start.elapsed(),
            outcome,
        });
    }
    summarise(&finished, &tally)
}

fn summarise(finished: &[Finished], tally: &Tally) -> Result<()> {
    println!("\n=== summary");
    for step in finished {
        let verdict = if step.outcome.is_ok() { "ok" } else { "FAILED" };
        println!(
            "{:<26} {:>7.1} s  {verdict}",
            step.name,
            step.took.as_secs_f64()
        );
    }
    let failed = finished.iter().filter(|step| step.outcome.is_err()).count();
    println!("{tally}");
    match failed {
        0 if finished.is_empty() => bail!("no step has that word in its name"),
        0 => Ok(()),
        some => bail!("{some} of {} steps failed", finished.len()),
    }
}

fn format(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    tools::rustup::ensure_component(workspace, "fmt", "rustfmt")?;
    process::run(&mut workspace.cargo(["fmt", "--all", "--check"]))
}

/// In release mode, as everything here: build scripts and macros are then built once.
fn clippy_host(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    tools::rustup::ensure_component(workspace, "clippy", "clippy")?;
    process::run(&mut workspace.cargo([
        "clippy",
        "--release",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn clippy_components(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    tools::rustup::ensure_target(workspace, WASM_TARGET)?;
    process::run(
        workspace
            .cargo(["clippy", "--release", "--target", WASM_TARGET])
            .args(build::package_flags(&workspace.wasm_packages()?))
            .args(["--", "-D", "warnings"]),
    )
}

fn deny(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    let cargo_deny = cargo_install::ensure(workspace, CARGO_DENY)?;
    let run = |words: &[&str]| {
        let mut command = Command::new(&cargo_deny);
        // Whoever needs a password for a public repository does not reach it.
        command.env("GIT_TERMINAL_PROMPT", "0");
        command.args(words).current_dir(workspace.root());
        command
    };
    let mut checks = vec!["--all-features", "check", "bans", "licenses", "sources"];
    if process::succeeds(&mut run(&["fetch", "db"])) {
        checks.push("advisories");
    } else {
        println!("advisories are NOT checked: their database cannot be fetched from here");
    }
    process::run(&mut run(&checks))
}

fn vendored_wit(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    wit::run(workspace, &wit::Args { check: true })
}

fn documentation(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    process::run(
        workspace
            .cargo(["doc", "--release", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    process::run(
        workspace
            .cargo(["doc", "--release", "--no-deps", "--target", WASM_TARGET])
            .args(build::package_flags(&workspace.wasm_packages()?))
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn build_all(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    build::run(workspace)
}

/// Core and xtask go by themselves, xtask in the profile it runs in: with either in the selection, a
/// feature of a crate of theirs would have the WebAssembly engine compiled a second time.
fn unit_tests(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    const CORE: &str = "reelgate-core";
    let not_native = workspace.wasm_packages()?;
    tally.run(&mut workspace.cargo(["test", "--release", "--no-fail-fast", "--package", CORE]))?;
    tally.run(
        workspace
            .cargo(["test", "--release", "--no-fail-fast", "--workspace"])
            .args([
                "--exclude",
                "reelgate-tests",
                "--exclude",
                "xtask",
                "--exclude",
                CORE,
            ])
            .args(not_native.iter().flat_map(|name| ["--exclude", name])),
    )?;
    tally.run(&mut workspace.cargo(["test", "--no-fail-fast", "--package", "xtask"]))
}

/// Types by mypy, then the tests, with the sources before what pip made of them.
fn python_client(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    let packages = tools::pip::python_client(workspace)?;
    let client = workspace.path("clients/python");
    let path = std::env::join_paths([client.join("src"), packages])?;
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command
            .args(["-B", "-m"])
            .args(arguments)
            .current_dir(&client)
            .env("PYTHONPATH", &path)
            .env("REELGATE_BIN", workspace.reelgate());
        command
    };
    process::run(&mut python(&["mypy", "--cache-dir", "/dev/null"]))?;
    tally.run(&mut python(&["pytest", "--quiet"]))
}

/// The package for portals, the portal, and the portal in a browser before a real gate.
fn web(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    tools::apt::ensure(&[FFMPEG, CHROMIUM])?;
    tools::npm::ensure(workspace, "web")?;
    let npm = |script: &str| {
        let mut command = Command::new("npm");
        command
            .args(["run", "--silent", script])
            .current_dir(workspace.path("web"))
            .env("CARGO_TARGET_DIR", workspace.in_target(""))
            .env("REELGATE_BIN", workspace.reelgate());
        command
    };
    process::run(&mut npm("build"))?;
    tally.run(&mut npm("test"))
}

/// The journeys find what was built, and the tools they drive, through `REELGATE_*`.
fn end_to_end(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    tools::apt::ensure(&[FFMPEG, CHROMIUM, REDIS])?;
    tools::npm::ensure(workspace, "tests/browser")?;
    build::test_guests(workspace)?;
    // A crowd of a journey takes three sockets a client.
    open_files::raise();
    let mut journeys = workspace.cargo(["test", "--release", "--no-fail-fast"]);
    journeys
        .args(["--package", "reelgate-tests"])
        .env("REELGATE_BIN", workspace.reelgate())
        .env("REELGATE_COMPONENTS", workspace.wasm_folder());
    for (variable, wheel) in tools::pip::WASMTIMES {
        journeys.env(variable, tools::pip::wasmtime(workspace, wheel)?);
    }
    tally.run(&mut journeys)
}

fn documents(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    docs::check(workspace)
}

fn tutorials(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    docs::follow(workspace)
}

fn book(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    docs::python::book(workspace)
}

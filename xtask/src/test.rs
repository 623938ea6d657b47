//! `cargo xtask test`: all that CI runs, in the order that fails soonest.

mod docs;
mod tally;

use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

use self::tally::Tally;
use crate::testbed::open_files;
use crate::tools::apt::{CHROMIUM, FFMPEG, REDIS};
use crate::tools::cargo_install::{self, CARGO_DENY};
use crate::workspace::Workspace;
use crate::{build, bundle, compose, lint, process, tools, wit};

/// Options of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only the steps whose name contains this word
    #[arg(long)]
    only: Option<String>,
    /// Run only what is checked beside the build
    #[arg(long, hide = true, conflicts_with = "only")]
    checks: bool,
}

type Action = fn(&Workspace, &mut Tally) -> Result<()>;

/// One line of the summary.
struct Step {
    name: &'static str,
    kind: Kind,
    action: Action,
}

/// When a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Beside the build: it compiles for itself alone, and tests nothing that runs.
    Check,
    /// It compiles what the tests run.
    Build,
    /// Alone, for it waits for programs that want a processor.
    Test,
}

/// A later step does not need an earlier one to have passed, except that the end-to-end
/// tests and the documents need the build; without it they fail and say so.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        kind: Kind::Check,
        action: format,
    },
    Step {
        name: "licences, bans, sources",
        kind: Kind::Check,
        action: deny,
    },
    Step {
        name: "vendored WIT",
        kind: Kind::Check,
        action: vendored_wit,
    },
    Step {
        name: "build",
        kind: Kind::Build,
        action: build_all,
    },
    Step {
        name: "build of the tests",
        kind: Kind::Build,
        action: build_tests,
    },
    Step {
        name: "lints and documentation",
        kind: Kind::Build,
        action: lints,
    },
    Step {
        name: "unit and property tests",
        kind: Kind::Test,
        action: unit_tests,
    },
    Step {
        name: "python client",
        kind: Kind::Test,
        action: python_client,
    },
    Step {
        name: "web",
        kind: Kind::Test,
        action: web,
    },
    Step {
        name: "end-to-end tests",
        kind: Kind::Test,
        action: end_to_end,
    },
    Step {
        name: "documents",
        kind: Kind::Test,
        action: documents,
    },
    Step {
        name: "tutorials",
        kind: Kind::Test,
        action: tutorials,
    },
    Step {
        name: "book",
        kind: Kind::Check,
        action: book,
    },
    Step {
        name: "API description",
        kind: Kind::Test,
        action: docs::python::api,
    },
];

struct Finished {
    name: &'static str,
    took: Duration,
    outcome: Result<()>,
}

/// Runs every step, whatever the earlier ones said, then prints the summary and the count of tests. What only
/// checks runs beside the build: a compiler seldom keeps two processors busy.
///
/// # Errors
/// When a step failed.
pub(crate) fn run(workspace: Workspace, args: &Args) -> Result<()> {
    let workspace = &lint::linting(workspace)?;
    let mut tally = Tally::default();
    let mut finished = Vec::new();
    if args.checks || args.only.is_some() {
        let is_wanted = |step: &&Step| match &args.only {
            Some(word) => step.name.contains(word.as_str()),
            None => step.kind == Kind::Check,
        };
        for step in STEPS.iter().filter(is_wanted) {
            finished.push(step.run(workspace, &mut tally));
        }
        return summarise(&finished, &tally);
    }
    let checks = Checks::start(workspace)?;
    for step in STEPS.iter().filter(|step| step.kind == Kind::Build) {
        finished.push(step.run(workspace, &mut tally));
    }
    finished.push(checks.finish());
    for step in STEPS.iter().filter(|step| step.kind == Kind::Test) {
        finished.push(step.run(workspace, &mut tally));
    }
    summarise(&finished, &tally)
}

impl Step {
    fn run(&self, workspace: &Workspace, tally: &mut Tally) -> Finished {
        println!("\n=== {}", self.name);
        let start = Instant::now();
        let outcome = (self.action)(workspace, tally);
        if let Err(error) = &outcome {
            eprintln!("error: {error:#}");
        }
        Finished {
            name: self.name,
            took: start.elapsed(),
            outcome,
        }
    }
}

/// The checks, in a process and a target folder of their own: Cargo lets one at a time into a folder.
struct Checks {
    process: Child,
    log: PathBuf,
    start: Instant,
}

impl Checks {
    fn start(workspace: &Workspace) -> Result<Self> {
        let target = workspace.in_target("checks");
        fs::create_dir_all(&target)?;
        let log = target.join("checks.log");
        let file = fs::File::create(&log)?;
        println!(
            "checking format, licences, WIT and book beside the build: {}",
            log.display()
        );
        let process = Command::new(std::env::current_exe()?)
            .args(["test", "--checks"])
            .env("CARGO_TARGET_DIR", &target)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        Ok(Self {
            process,
            log,
            start: Instant::now(),
        })
    }

    /// Waits for them, and prints what they said.
    fn finish(mut self) -> Finished {
        println!("\n=== checks, beside the build");
        let ended = self.process.wait();
        let took = self.start.elapsed();
        println!("{}", fs::read_to_string(&self.log).unwrap_or_default());
        let outcome = match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(anyhow!("some failed: {status}")),
            Err(error) => Err(error.into()),
        };
        Finished {
            name: "checks, beside the build",
            took,
            outcome,
        }
    }
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

/// What is compiled and tested as one, so that no crate is compiled twice with other features: all that runs here, but
/// for xtask, which runs in another profile, and the cache, whose tests stop the clock (tokio's `test-util`).
fn together(workspace: &Workspace) -> Result<Vec<String>> {
    let mut words = vec!["--release".to_owned(), "--workspace".to_owned()];
    let others = ["xtask", CACHE].map(str::to_owned);
    for name in others.into_iter().chain(workspace.wasm_packages()?) {
        words.extend(["--exclude".to_owned(), name]);
    }
    Ok(words)
}

const CACHE: &str = "reelgate-cache";

fn build_all(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    println!(
        "build: reelgate and tests -> {}",
        workspace.reelgate().display()
    );
    let mut command = workspace.cargo(["build", "--bins", "--tests"]);
    process::run(command.args(together(workspace)?))?;
    build::components(workspace)?;
    build::test_guests(workspace)?;
    compose::all(workspace)
}

/// The journeys run by themselves, later.
fn unit_test_commands(workspace: &Workspace) -> Result<[Command; 3]> {
    let mut most = workspace.cargo(["test", "--no-fail-fast"]);
    most.args(together(workspace)?)
        .args(["--exclude", "reelgate-tests"]);
    Ok([
        workspace.cargo(["test", "--release", "--no-fail-fast", "--package", CACHE]),
        most,
        workspace.cargo(["test", "--no-fail-fast", "--package", "xtask"]),
    ])
}

/// Compiles what tests are left, so that nothing is compiled while they run.
fn build_tests(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    for mut command in unit_test_commands(workspace)? {
        process::run(command.arg("--no-run"))?;
    }
    process::run(journeys(workspace)?.arg("--no-run"))
}

fn lints(workspace: &Workspace, _: &mut Tally) -> Result<()> {
    lint::judge(workspace)
}

fn unit_tests(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    tools::apt::ensure(&[FFMPEG])?;
    let mut failures = Vec::new();
    for mut command in unit_test_commands(workspace)? {
        failures.extend(tally.run(&mut command).err());
    }
    match failures.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(first),
    }
}

fn journeys(workspace: &Workspace) -> Result<Command> {
    let mut journeys = workspace.cargo(["test", "--no-fail-fast"]);
    journeys
        .args(together(workspace)?)
        .args(["--test", "journeys"]);
    Ok(journeys)
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
    let mut journeys = journeys(workspace)?;
    journeys
        .env("REELGATE_BIN", workspace.reelgate())
        .env("REELGATE_BUNDLED", bundle::run(workspace)?)
        .env("REELGATE_COMPONENTS", workspace.wasm_folder());
    // Half of the time they wait for what they have started.
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    journeys.env("RUST_TEST_THREADS", (2 * processors).to_string());
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

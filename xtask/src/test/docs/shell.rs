//! The terminals of a tutorial: one in which commands are run in turn, and one for each program that goes on running.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::testbed::server::Server;

/// The longest that a block may take, and a program until it is ready.
const PATIENCE: Duration = Duration::from_secs(300);

/// Stands in the output behind each block, with the exit code of its last command.
const END: &str = "--- the block has ended:";

/// A shell that keeps its variables from block to block, as a reader's does.
pub(super) struct Shell {
    _bash: Server,
    input: ChildStdin,
    output: Receiver<String>,
}

impl Shell {
    /// Opens one.
    ///
    /// # Errors
    /// When there is no bash.
    pub(super) fn open(terminal: &Command) -> Result<Self> {
        let mut command = again(terminal);
        command.stdin(Stdio::piped());
        let (mut bash, output) = started(&mut command)?;
        let input = bash.child().stdin.take().context("no input")?;
        let mut shell = Self {
            _bash: bash,
            input,
            output,
        };
        writeln!(shell.input, "set -euo pipefail; exec 2>&1")?;
        Ok(shell)
    }

    /// Runs a block to its end and gives back what it printed.
    ///
    /// # Errors
    /// When a command of it fails, or it takes too long; with all that was printed.
    pub(super) fn run(&mut self, block: &str) -> Result<Vec<String>> {
        // A command that reads must not read the blocks behind its own.
        let sent = write!(
            self.input,
            "{{\n{block}\n}} </dev/null\nprintf '\\n%s\\n' '{END}'\n"
        );
        sent.and_then(|()| self.input.flush())
            .context("the shell has ended")?;
        let mut printed = Vec::new();
        let end = Instant::now() + PATIENCE;
        loop {
            match self
                .output
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) if line == END => return Ok(printed),
                Ok(line) => printed.push(line),
                Err(error) => bail!(
                    "{}\nit failed, or took too long ({error})",
                    printed.join("\n")
                ),
            }
        }
    }
}

/// A program that goes on running, until this is dropped.
pub(super) struct Service {
    _program: Server,
    _output: Receiver<String>,
}

impl Service {
    /// Starts the one command of a block and waits until it has printed all that is expected.
    ///
    /// # Errors
    /// When it ends before that, or takes too long.
    pub(super) fn start(terminal: &Command, block: &str, expected: &str) -> Result<Self> {
        let mut command = again(terminal);
        command
            .arg("-c")
            .arg(format!("exec 2>&1; exec {}", block.trim()))
            .stdin(Stdio::null());
        let (program, output) = started(&mut command)?;
        let mut printed = Vec::new();
        let end = Instant::now() + PATIENCE;
        while missing(expected, &printed).is_some() {
            match output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => printed.push(line),
                Err(error) => bail!("{}\nit is not ready ({error})", printed.join("\n")),
            }
        }
        Ok(Self {
            _program: program,
            _output: output,
        })
    }
}

/// A bash in `folder`, which is its home too, with nothing of our environment but what programs are found by.
pub(super) fn terminal(folder: &Path, path: &str) -> Command {
    let mut command = Command::new("bash");
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("LC_ALL", "C.UTF-8")
        // The superuser of a CI machine is to keep files where others do.
        .env("STATE_DIRECTORY", folder.join(".local/state/reelgate"))
        .env("CACHE_DIRECTORY", folder.join(".cache/reelgate"))
        .current_dir(folder);
    command
}

fn again(terminal: &Command) -> Command {
    let mut command = Command::new(terminal.get_program());
    command.env_clear();
    command.envs(
        terminal
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    if let Some(folder) = terminal.get_current_dir() {
        command.current_dir(folder);
    }
    command
}

/// Starts it, with a thread that hands on its lines for as long as somebody wants them.
fn started(command: &mut Command) -> Result<(Server, Receiver<String>)> {
    command.stdout(Stdio::piped());
    let mut server = Server::spawn(command)?;
    let stdout = server.child().stdout.take().context("no output")?;
    let (lines, output) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        while stdout
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if lines.send(text).is_err() {
                // Nobody reads on, and the pipe must not fill up.
                let _ = stdout.read_to_end(&mut Vec::new());
            }
        }
    });
    Ok((server, output))
}

/// The first line of `expected` that was not printed, after those before it; `…` stands for anything.
pub(super) fn missing<'a>(expected: &'a str, printed: &[String]) -> Option<&'a str> {
    let mut printed = printed.iter();
    let mut wanted = expected.lines().filter(|line| !line.trim().is_empty());
    wanted.find(|wanted| !printed.any(|line| fits(wanted.trim(), line.trim())))
}

/// Whether a line is what was expected: the pieces between the `…` in their order, the first at its beginning and
/// the last at its end.
fn fits(wanted: &str, line: &str) -> bool {
    let pieces: Vec<&str> = wanted.split('…').collect();
    let [first, between @ .., last] = pieces.as_slice() else {
        return wanted == line;
    };
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    for piece in between {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Shell, fits, missing, terminal};
    use std::env;

    #[test]
    fn dots_stand_for_anything() {
        for (wanted, line, is_so) in [
            ("403", "403", true),
            ("403", "4033", false),
            ("…ready…", "film  ready  now", true),
            ("film is …", "film is there", true),
            ("film is …", "a film is there", false),
            ("…b…a…", "a b", false),
        ] {
            assert_eq!(fits(wanted, line), is_so, "{wanted} {line}");
        }
    }

    #[test]
    fn lines_are_expected_in_their_order() {
        let printed = ["one", "two", "three"].map(str::to_owned);
        assert_eq!(missing("one\nthree\n", &printed), None);
        assert_eq!(missing("three\none\n", &printed), Some("one"));
    }

    #[test]
    fn a_shell_keeps_its_variables_and_notices_what_fails() {
        let path = env::var("PATH").unwrap();
        let mut shell = Shell::open(&terminal(&env::temp_dir(), &path)).unwrap();
        assert!(shell.run("A=1; cat").unwrap().iter().all(String::is_empty));
        assert_eq!(shell.run("echo \"$A\"").unwrap()[0], "1");
        assert!(shell.run("false").is_err());
    }
}

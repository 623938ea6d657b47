//! Programs that are started here, and ends whatever happens.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// Ids of the running programs, for the thread that hears an interrupt.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// How long a program may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// No program that is waited for takes so long, unless it hangs.
const LONGEST: Duration = Duration::from_secs(600);

fn running() -> MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On Ctrl-C or SIGTERM ends every running [`Server`] by its id, then this process.
///
/// # Errors
/// When the handler cannot be installed.
pub(crate) fn end_all_on_interrupt() -> Result<()> {
    ctrlc::set_handler(|| {
        for pid in running().iter() {
            signal(*pid, Signal::TERM);
        }
        // 128 + SIGINT, as a shell reports it.
        std::process::exit(130);
    })
    .context("cannot listen for Ctrl-C")
}

/// A child process that is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts `command`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        let mut running = running();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        running.push(child.id());
        Ok(Self { child })
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child itself, to read its output.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Ends it without a warning, as SIGKILL does.
    pub(crate) fn kill(&mut self) {
        running().retain(|pid| *pid != self.child.id());
        // Both fail only for a process that has ended meanwhile.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

/// Runs `command` to its end, to our own, or to that of [`LONGEST`], and gives back its standard output.
///
/// # Errors
/// When it cannot be started or does not exit with 0; standard error is ours.
pub(crate) fn run_to_end(command: &mut Command) -> Result<String> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut server = Server::spawn(command)?;
    let mut output = String::new();
    if let Some(mut stdout) = server.child.stdout.take() {
        let _watched = Watchdog::over(server.pid());
        stdout.read_to_string(&mut output)?;
    }
    let status = server.child.wait()?;
    let program = command.get_program().display();
    ensure!(status.success(), "{program} failed: {status}\n{output}");
    Ok(output)
}

/// Ends a program that takes too long, unless it is dropped before.
struct Watchdog {
    _over: Sender<()>,
}

impl Watchdog {
    fn over(pid: u32) -> Self {
        let (over, wait) = mpsc::channel();
        thread::spawn(move || {
            if wait.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
                signal(pid, Signal::KILL);
            }
        });
        Self { _over: over }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        running().retain(|pid| *pid != self.child.id());
        if self.has_ended() {
            return;
        }
        signal(self.child.id(), Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.has_ended() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // Fails only for a process that has ended meanwhile.
        let _ = kill_process(pid, signal);
    }
}

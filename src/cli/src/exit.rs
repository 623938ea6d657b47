//! How a command ends: with a result on stdout, or with what was wrong, what to do, and an exit code.

use std::{
    error::Error,
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

/// Why the command ended, as the exit code tells a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something failed while it ran: 1.
    Failed,
    /// The command line makes no sense: 2, the code clap uses too.
    Usage,
    /// A setting is missing or cannot be used: 78, `EX_CONFIG` of sysexits(3).
    Configuration,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Configuration => 78,
        }
    }
}

/// An error on its way to the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    error: Box<dyn Error + Send + Sync>,
    help: Option<String>,
}

impl Failure {
    /// A failure of `kind`; the sources of `error` are printed as its causes.
    pub(crate) fn new(kind: Kind, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            error: error.into(),
            help: None,
        }
    }

    /// Adds what to do about it.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The failure and its causes in one line, for a log.
    pub(crate) fn summary(&self) -> String {
        let mut summary = self.error.to_string();
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !summary.contains(&text) {
                summary = format!("{summary}: {text}");
            }
            cause = error.source();
        }
        summary
    }

    /// Prints the failure on stderr and gives the exit code that belongs to it.
    pub(crate) fn report(&self) -> ExitCode {
        // Nothing is left to tell it to when stderr is closed.
        let _ = write!(io::stderr().lock(), "{self}");
        ExitCode::from(self.kind.code())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.error)?;
        let mut last = self.error.to_string();
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Many libraries repeat the cause in their own text.
            if !last.contains(&text) {
                writeln!(f, "  cause: {text}")?;
            }
            last = text;
            cause = error.source();
        }
        match &self.help {
            Some(help) => writeln!(f, "  help: {help}"),
            None => Ok(()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot write the result to stdout")]
struct Unwritten(#[source] io::Error);

/// Prints one line on stdout, where a script reads it.
///
/// # Errors
/// When nobody takes it.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    written.map_err(|error| Failure::new(Kind::Failed, Unwritten(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read a.mp4")]
    struct Outer(#[source] io::Error);

    #[test]
    fn causes_and_help_follow_the_error() {
        let error = Outer(io::Error::other("the disk is gone"));
        let failure = Failure::new(Kind::Failed, error).with_help("plug it in");
        assert_eq!(
            failure.to_string(),
            "error: cannot read a.mp4\n  cause: the disk is gone\n  help: plug it in\n"
        );
    }

    #[test]
    fn a_cause_that_its_error_repeats_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("no answer: {0}")]
        struct Repeats(#[source] io::Error);
        let failure = Failure::new(Kind::Failed, Repeats(io::Error::other("refused")));
        assert_eq!(failure.to_string(), "error: no answer: refused\n");
    }
}

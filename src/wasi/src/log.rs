//! What an operator should read. Goes to standard error, which every host collects.

/// How urgent a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Someone has to mend something.
    Error,
    /// It may mend itself.
    Warning,
    /// As it should be.
    Info,
}

/// Writes one line. `message` never holds a credential.
pub fn log(level: Level, message: &str) {
    let level = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "info",
    };
    eprintln!("{level}: {message}");
}

//! What an operator should read. Goes to standard error, which every host collects.

/// How urgent a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Someone has to mend something.
    Error,
    /// It mended itself, or it is a client's doing.
    Warning,
}

/// Writes one line. `message` never holds a credential.
pub fn log(level: Level, message: &str) {
    let level = match level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    eprintln!("{level}: {message}");
}

//! What a new user reads when all is ready. Every line works as it is printed.

use super::GAME;
use super::settings::{program, quoted};
use crate::exit::{Failure, Kind};
use std::io::Write as _;
use std::path::Path;

/// What there is to try.
pub(super) struct Introduction<'a> {
    /// The gate's address.
    pub(super) gate: &'a str,
    /// The player page's.
    pub(super) page: &'a str,
    /// The portal's line, where there is a portal.
    pub(super) portal: Option<String>,
    /// What other commands read.
    pub(super) env_file: &'a Path,
    /// Of `--lan`.
    pub(super) invitation: Option<String>,
    /// Of the Stream path.
    pub(super) stream: Option<String>,
}

impl Introduction<'_> {
    /// Prints it on standard output.
    ///
    /// # Errors
    /// That nobody can read it.
    pub(super) fn say(&self) -> Result<(), Failure> {
        let said = std::io::stdout().write_all(self.text(&program()).as_bytes());
        said.map_err(|error| Failure::new(Kind::Failed, error))
    }

    fn text(&self, program: &str) -> String {
        let Self { gate, page, .. } = self;
        let portal = self.portal.as_deref().unwrap_or_default();
        let stream = self.stream.as_deref().unwrap_or_default();
        let invitation = self.invitation.as_deref().unwrap_or_default();
        let env_file = quoted(self.env_file);
        format!(
            "\nA private film is ready. Stop with Ctrl-C.\n\n\
             {portal}\
             player page  {page}\n\n\
             In another terminal:\n\n\
             \x20 export REELGATE_ENV_FILE={env_file}\n\
             \x20 {program} play {GAME}\n\
             \x20 curl -i \"$({program} token mint --film {GAME} --url)\"\n\
             \x20 curl -i {gate}/games/{GAME}/master.m3u8   # 403: no token\n\
             \x20 {program} package FILM.mp4 --film ID\n\n\
             {stream}{invitation}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fits_a_terminal_and_shows_no_secret() {
        let text = Introduction {
            gate: "http://127.0.0.1:8787",
            page: "http://127.0.0.1:8788/",
            portal: Some("portal       http://127.0.0.1:8790/\n".into()),
            env_file: Path::new("/home/somebody/.local/state/reelgate/up/up.env"),
            invitation: None,
            stream: None,
        }
        .text("/home/somebody/reelgate-0.1.0-linux-x86_64/reelgate");
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        // A token is three parts in base64url, of which the first begins with an opened JSON object.
        assert!(!text.contains("eyJ"), "{text}");
    }
}

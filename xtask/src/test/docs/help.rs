//! What `reelgate` says of itself: the help of each subcommand, asked for once.

use std::collections::HashMap;
use std::process::Command;

use anyhow::{Result, anyhow};

use crate::process;
use crate::workspace::Workspace;

/// The help texts of the built program.
pub(super) struct Helps<'a> {
    workspace: &'a Workspace,
    known: HashMap<String, Result<String, String>>,
}

impl<'a> Helps<'a> {
    /// Nothing is asked yet.
    pub(super) fn new(workspace: &'a Workspace) -> Self {
        Self {
            workspace,
            known: HashMap::new(),
        }
    }

    /// The help of a subcommand, of no words: the program's.
    ///
    /// # Errors
    /// When the program is not built, or knows no such subcommand.
    pub(super) fn of(&mut self, subcommand: &[&str]) -> Result<String> {
        let workspace = self.workspace;
        let help = self.known.entry(subcommand.join(" ")).or_insert_with(|| {
            let mut command = Command::new(workspace.reelgate());
            command.args(subcommand).arg("--help");
            process::capture(&mut command).map_err(|error| format!("{error:#}"))
        });
        help.clone().map_err(|error| anyhow!(error))
    }

    /// Every subcommand that does something: the leaves of the tree, `help` left out, and those that have both
    /// subcommands and arguments of their own.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub(super) fn subcommands(&mut self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut open = vec![String::new()];
        while let Some(name) = open.pop() {
            let words: Vec<&str> = name.split_whitespace().collect();
            let help = self.of(&words)?;
            let below = listed(&help);
            if below.is_empty() || help.contains("\nArguments:\n") {
                found.push(name.clone());
            }
            open.extend(
                below
                    .iter()
                    .map(|word| format!("{name} {word}").trim().to_owned()),
            );
        }
        found.sort();
        Ok(found)
    }
}

/// The words under `Commands:`.
fn listed(help: &str) -> Vec<&str> {
    let Some((_, commands)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let lines = commands.lines().take_while(|line| line.starts_with(' '));
    let words = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    words.filter(|word| !["", "help"].contains(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn commands_are_read_from_a_help_text() {
        let help = "About\n\nCommands:\n  add   Adds\n          and more\n  help  Print\n\nOptions:\n  -h  Print\n";
        assert_eq!(listed(help), ["add"]);
        assert!(listed("About\n\nOptions:\n  -h  Print\n").is_empty());
    }
}

//! Every command that a Markdown page shows must exist, with the flags shown.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::Cli;
use crate::process;
use crate::workspace::Workspace;

const PAGES: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

/// Checks the `sh` blocks of the pages: `cargo xtask …` against our own parser, `reelgate …` against its `--help`.
///
/// # Errors
/// When a page is missing or shows a command that would not be understood; all are listed.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for page in PAGES {
        let path = workspace.path(page);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for command in commands(&text) {
            match understood(workspace, &command) {
                None => continue,
                Some(Ok(())) => {}
                Some(Err(error)) => wrong.push(format!("{page}: `{command}`: {error:#}")),
            }
            checked += 1;
        }
    }
    println!("{checked} commands checked");
    if !wrong.is_empty() {
        bail!("\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// The lines of the fenced `sh` blocks, with backslash continuations joined and comments dropped.
fn commands(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    let mut pending = String::new();
    for line in markdown.lines() {
        if let Some(language) = line.strip_prefix("```") {
            inside = language == "sh";
            continue;
        }
        if !inside {
            continue;
        }
        let line = line.split(" #").next().unwrap_or_default().trim();
        match line.strip_suffix('\\') {
            Some(start) => pending.push_str(start),
            None => found.push(std::mem::take(&mut pending) + line),
        }
    }
    found.retain(|line| !line.is_empty() && !line.starts_with('#'));
    found.iter().flat_map(|line| in_turn(line)).collect()
}

/// The commands of one line, as a shell parts them; quoting is not looked at.
fn in_turn(line: &str) -> Vec<String> {
    let line = line.replace("$(", ";");
    let parts = line.split(['|', ';', '&']);
    let parts = parts.map(|part| part.trim_matches([' ', '(', ')', '"']));
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// `None` for a command that is not ours.
fn understood(workspace: &Workspace, command: &str) -> Option<Result<()>> {
    let words: Vec<&str> = command
        .split_whitespace()
        .skip_while(|word| is_assignment(word))
        .collect();
    match words.as_slice() {
        ["cargo", "xtask", ..] => Some(xtask_understands(&words[1..])),
        [program, rest @ ..] if is_reelgate(program) => Some(reelgate_understands(workspace, rest)),
        _ => None,
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && !name.starts_with('-'))
}

fn is_reelgate(program: &str) -> bool {
    program.rsplit('/').next() == Some("reelgate")
}

fn xtask_understands(words: &[&str]) -> Result<()> {
    Cli::try_parse_from(words)?;
    Ok(())
}

/// Asks the built binary for the help of the longest subcommand and looks the flags up in it.
fn reelgate_understands(workspace: &Workspace, words: &[&str]) -> Result<()> {
    let subcommand = subcommand(words, |known| help(workspace, known).is_ok());
    let help = help(workspace, subcommand)?;
    for word in words {
        let flag = word.split('=').next().unwrap_or(word);
        if flag.starts_with("--") && !help.split([' ', ',', '\n', '=']).any(|known| known == flag) {
            bail!("no flag {flag}");
        }
    }
    Ok(())
}

fn help(workspace: &Workspace, subcommand: &[&str]) -> Result<String> {
    process::capture(
        Command::new(workspace.reelgate())
            .args(subcommand)
            .arg("--help"),
    )
}

/// The words at the beginning that name a subcommand: as many as the program knows help for. One word is
/// taken in any case, so that a wrong one is told.
fn subcommand<'a, 'b>(words: &'a [&'b str], knows: impl Fn(&[&str]) -> bool) -> &'a [&'b str] {
    let is_name = |word: &&&str| {
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(named)
    };
    let names = words.iter().take_while(is_name).count();
    let longest = (2..=names).rev().find(|&n| knows(&words[..n]));
    &words[..longest.unwrap_or(names.min(1))]
}

#[cfg(test)]
mod tests {
    use super::{commands, subcommand, xtask_understands};

    #[test]
    fn a_subcommand_may_hold_a_digit_and_ends_where_the_program_says() {
        let knows = |words: &[&str]| matches!(words, ["s3"] | ["videos"] | ["videos", "add"]);
        assert_eq!(subcommand(&["s3", "--data", "x"], knows), ["s3"]);
        let add = ["videos", "add", "film", "--encode"];
        assert_eq!(subcommand(&add, knows), ["videos", "add"]);
        assert_eq!(subcommand(&["s4"], knows), ["s4"]);
        assert!(subcommand(&["--version"], knows).is_empty());
    }

    #[test]
    fn only_sh_blocks_are_read() {
        let page = "cargo xtask no\n```sh\n# why\ncargo xtask up --port 1 # comment\nreelgate serve \\\n  --app spin.toml\n```\n```text\ncargo xtask no\n```\n";
        assert_eq!(
            commands(page),
            ["cargo xtask up --port 1", "reelgate serve --app spin.toml"]
        );
    }

    #[test]
    fn a_line_may_hold_several_commands() {
        let page = "```sh\ncargo xtask build && T=\"$(reelgate token mint)\" | sort -u\n```\n";
        assert_eq!(
            commands(page),
            ["cargo xtask build", "T=", "reelgate token mint", "sort -u"]
        );
    }

    #[test]
    fn an_unknown_xtask_command_is_refused() {
        assert!(xtask_understands(&["xtask", "up", "--port", "8787"]).is_ok());
        assert!(xtask_understands(&["xtask", "up", "--prot", "8787"]).is_err());
        assert!(xtask_understands(&["xtask", "down"]).is_err());
    }
}

//! Every command that a Markdown page shows must exist, with the flags shown.

use anyhow::{Result, bail};
use clap::Parser;

use super::help::Helps;
use super::markdown::{Block, Page};
use crate::Cli;
use crate::workspace::Workspace;

/// Checks the `sh` blocks of the pages: `cargo xtask …` against our own parser, `reelgate …` against its `--help`.
///
/// # Errors
/// When a page shows a command that would not be understood; all are listed.
pub(super) fn check(workspace: &Workspace, pages: &[Page]) -> Result<()> {
    let mut helps = Helps::new(workspace);
    let mut checked = 0;
    let mut wrong = Vec::new();
    for page in pages {
        for command in page
            .blocks
            .iter()
            .filter(|block| block.is("sh"))
            .flat_map(commands)
        {
            match understood(&mut helps, &command) {
                None => continue,
                Some(Ok(())) => {}
                Some(Err(error)) => wrong.push(format!("{}: `{command}`: {error:#}", page.name)),
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

/// The lines of a block, with backslash continuations joined, comments and here-documents dropped.
fn commands(block: &Block) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = String::new();
    let mut document: Option<String> = None;
    for line in block.text.lines() {
        if let Some(end) = &document {
            if line == end {
                document = None;
            }
            continue;
        }
        if let Some((_, word)) = line.split_once("<<") {
            document = Some(word.trim_matches([' ', '\'', '"']).to_owned());
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
fn understood(helps: &mut Helps<'_>, command: &str) -> Option<Result<()>> {
    let words: Vec<&str> = command
        .split_whitespace()
        .skip_while(|word| is_assignment(word))
        .collect();
    match words.as_slice() {
        ["cargo", "xtask", ..] => Some(xtask_understands(&words[1..])),
        [program, rest @ ..] if is_reelgate(program) => Some(reelgate_understands(helps, rest)),
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
fn reelgate_understands(helps: &mut Helps<'_>, words: &[&str]) -> Result<()> {
    let subcommand = subcommand(words, |known| helps.of(known).is_ok());
    let help = helps.of(subcommand)?;
    for word in words {
        let flag = word
            .split('=')
            .next()
            .unwrap_or(word)
            .trim_matches(['"', ')']);
        if flag.starts_with("--")
            && !help
                .split([' ', ',', '\n', '=', '[', ']'])
                .any(|known| known == flag)
        {
            bail!("no flag {flag}");
        }
    }
    Ok(())
}

/// The words at the beginning that name a subcommand: as many as the program knows help for. One word is
/// taken in any case, so that a wrong one is told.
fn subcommand<'a, 'b>(
    words: &'a [&'b str],
    mut knows: impl FnMut(&[&str]) -> bool,
) -> &'a [&'b str] {
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
    use super::{Page, commands, subcommand, xtask_understands};

    #[test]
    fn a_subcommand_may_hold_a_digit_and_ends_where_the_program_says() {
        let knows = |words: &[&str]| matches!(words, ["s3"] | ["videos"] | ["videos", "add"]);
        assert_eq!(subcommand(&["s3", "--data", "x"], knows), ["s3"]);
        let add = ["videos", "add", "film", "--encode"];
        assert_eq!(subcommand(&add, knows), ["videos", "add"]);
        assert_eq!(subcommand(&["s4"], knows), ["s4"]);
        assert!(subcommand(&["--version"], knows).is_empty());
    }

    fn commands_in(page: &str) -> Vec<String> {
        let page = Page::parse("page.md", page);
        let blocks = page.blocks.iter().filter(|block| block.is("sh"));
        blocks.flat_map(commands).collect()
    }

    #[test]
    fn only_sh_blocks_are_read() {
        let page = "cargo xtask no\n```sh checked\n# why\ncargo xtask up --port 1 # comment\nreelgate serve \\\n  --app spin.toml\n```\n```text\ncargo xtask no\n```\n";
        assert_eq!(
            commands_in(page),
            ["cargo xtask up --port 1", "reelgate serve --app spin.toml"]
        );
    }

    #[test]
    fn what_a_here_document_holds_is_no_command() {
        let page = "```sh\ncat > list <<'CSV'\nreelgate no\nCSV\nreelgate up\n```\n";
        assert_eq!(commands_in(page), ["cat > list <<'CSV'", "reelgate up"]);
    }

    #[test]
    fn a_line_may_hold_several_commands() {
        let page = "```sh\ncargo xtask build && T=\"$(reelgate token mint)\" | sort -u\n```\n";
        assert_eq!(
            commands_in(page),
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

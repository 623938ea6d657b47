//! A variable of the environment for every option: `--max-connections` of `reelgate serve` is
//! `REELGATE_SERVE_MAX_CONNECTIONS`.

use std::ffi::OsString;

use clap::{Arg, Command, CommandFactory, FromArgMatches};

/// Reads the command line, with the environment behind it.
pub(crate) fn parse<C: CommandFactory + FromArgMatches>(
    words: impl IntoIterator<Item = OsString>,
) -> C {
    let matches = with_variables(C::command(), "REELGATE").get_matches_from(words);
    C::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The command, each option of it and of its subcommands with a variable. One that has another keeps it.
fn with_variables(command: Command, prefix: &str) -> Command {
    let prefix = prefix.to_owned();
    let subcommands: Vec<String> = command
        .get_subcommands()
        .map(|subcommand| subcommand.get_name().to_owned())
        .collect();
    let command = command.mut_args({
        let prefix = prefix.clone();
        move |argument| with_variable(argument, &prefix)
    });
    subcommands.into_iter().fold(command, |command, name| {
        let prefix = format!("{prefix}_{}", in_capitals(&name));
        command.mut_subcommand(name, |subcommand| with_variables(subcommand, &prefix))
    })
}

fn with_variable(argument: Arg, prefix: &str) -> Arg {
    match argument.get_long() {
        Some("help" | "version") | None => argument,
        Some(_) if argument.get_env().is_some() => argument,
        Some(long) => {
            let name = format!("{prefix}_{}", in_capitals(long));
            // They follow a rule: the manual has it, and each option's help need not.
            argument.env(name).hide_env(true)
        }
    }
}

fn in_capitals(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_has_a_variable() {
        let command = with_variables(crate::Cli::command(), "REELGATE");
        command.clone().debug_assert();
        let serve = command.find_subcommand("serve").unwrap();
        let variable = |option: &str| {
            let mut arguments = serve.get_arguments();
            let found = arguments.find(|it| it.get_long() == Some(option)).unwrap();
            found.get_env().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(
            variable("max-connections"),
            "REELGATE_SERVE_MAX_CONNECTIONS"
        );
        assert_eq!(variable("env-file"), "REELGATE_ENV_FILE");
        let check = command.find_subcommand("package").unwrap();
        let check = check.find_subcommand("check").unwrap();
        let mut options = check.get_arguments().filter(|it| it.get_long().is_some());
        assert!(options.all(|it| it.get_env().is_some()));
    }
}

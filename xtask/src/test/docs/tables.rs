//! Tables that mirror the program say what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};

use super::help::Helps;
use super::markdown::Page;
use crate::workspace::Workspace;

/// Holds the table of variables to `spin.toml`: the same names, the same defaults, the same secrets.
///
/// # Errors
/// When they differ; every difference is listed.
pub(super) fn variables(workspace: &Workspace, page: &Page) -> Result<()> {
    let manifest = fs::read_to_string(workspace.path("spin.toml")).context("no spin.toml")?;
    let manifest: toml::Table = manifest.parse()?;
    let declared = manifest.get("variables").and_then(toml::Value::as_table);
    let declared = declared.context("spin.toml has no [variables]")?;
    let in_code = declared
        .iter()
        .map(|(name, said)| (name.clone(), words(said)));
    let rows = page.rows.iter().filter(|row| row.cells.len() == 3);
    let in_page = rows.flat_map(|row| {
        let said = &row.cells[1].text;
        row.cells[0]
            .code
            .iter()
            .map(|name| (name.clone(), said.clone()))
    });
    same("variables", in_code.collect(), in_page.collect())
}

/// What the second column says of a variable.
fn words(declared: &toml::Value) -> String {
    let is = |key| declared.get(key).and_then(toml::Value::as_bool) == Some(true);
    let default = declared.get("default").and_then(toml::Value::as_str);
    let value = match default {
        _ if is("required") => "required",
        None | Some("") => "empty",
        Some(value) => value,
    };
    match is("secret") {
        true => format!("{value}, secret"),
        false => value.to_owned(),
    }
}

/// Holds the tables of commands to `reelgate --help`: every subcommand has its row, and no other has one.
///
/// # Errors
/// As [`variables`].
pub(super) fn commands(helps: &mut Helps<'_>, page: &Page) -> Result<()> {
    let in_code = helps
        .subcommands()?
        .into_iter()
        .map(|name| (name, String::new()));
    let names = page
        .rows
        .iter()
        .filter_map(|row| row.cells.first()?.code.first());
    let names = names.filter_map(|name| name.strip_prefix("reelgate "));
    let plain = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    let in_page = names.map(|name| {
        let words: Vec<&str> = name.split(' ').take_while(plain).collect();
        (words.join(" "), String::new())
    });
    same("commands", in_code.collect(), in_page.collect())
}

/// Holds the headings of the page of problems to the code: one for each `type`, and the table of reasons.
///
/// # Errors
/// As [`variables`].
pub(super) fn problems(workspace: &Workspace, page: &Page) -> Result<()> {
    let read = |path: &str| {
        fs::read_to_string(workspace.path(path)).with_context(|| format!("cannot read {path}"))
    };
    let kinds = read("src/core/src/video/routes/problem.rs")?;
    let kinds = between(&kinds, "fn entry", "\n    }\n")?;
    let titles: Vec<&str> = kinds.split('"').skip(1).step_by(2).collect();
    let in_code = titles
        .chunks_exact(2)
        .map(|pair| (pair[0].to_owned(), pair[1].to_owned()));
    let rows = page.rows.iter().filter(|row| row.cells.len() == 4);
    let in_page = rows.filter_map(|row| {
        let kind = row.cells[0]
            .code
            .first()?
            .strip_prefix("urn:reelgate:problem:")?;
        Some((kind.to_owned(), row.cells[2].text.clone()))
    });
    same("problems", in_code.collect(), in_page.collect())?;
    let reasons = read("src/core/src/token/reason.rs")?;
    let reasons = between(&reasons, "fn as_str", "\n    }\n")?;
    let in_code = reasons
        .split('"')
        .skip(1)
        .step_by(2)
        .map(|name| (name.to_owned(), String::new()));
    let rows = page.rows.iter().filter(|row| row.under == "Reasons");
    let in_page = rows.filter_map(|row| Some((row.cells[0].code.first()?.clone(), String::new())));
    same("reasons", in_code.collect(), in_page.collect())
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Result<&'a str> {
    let (_, rest) = text
        .split_once(start)
        .with_context(|| format!("no `{start}`"))?;
    Ok(rest.split(end).next().unwrap_or_default())
}

/// Both say the same of the same names.
fn same(
    what: &str,
    in_code: BTreeMap<String, String>,
    in_page: BTreeMap<String, String>,
) -> Result<()> {
    let names: BTreeSet<&String> = in_code.keys().chain(in_page.keys()).collect();
    let differences =
        names
            .into_iter()
            .filter_map(|name| match (in_code.get(name), in_page.get(name)) {
                (Some(code), Some(page)) if code == page => None,
                (Some(code), Some(page)) => Some(format!(
                    "{name}: `{code}` in the code, `{page}` in the page"
                )),
                (Some(_), None) => Some(format!("{name} is not in the page")),
                (None, _) => Some(format!("{name} is in the page alone")),
            });
    let differences: Vec<String> = differences.collect();
    if !differences.is_empty() {
        bail!("{what}:\n{}", differences.join("\n"));
    }
    println!("{} {what} compared", in_code.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, same, words};

    #[test]
    fn what_a_manifest_says_of_a_variable_in_words() {
        for (toml, said) in [
            ("x = { required = true, secret = true }", "required, secret"),
            ("x = { default = \"\", secret = true }", "empty, secret"),
            ("x = { default = \"auto\" }", "auto"),
        ] {
            let table: toml::Table = toml.parse().unwrap();
            assert_eq!(words(&table["x"]), said);
        }
    }

    #[test]
    fn a_table_that_differs_is_refused() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(name, said)| ((*name).to_owned(), (*said).to_owned()))
                .collect()
        };
        let code = map(&[("a", "1"), ("b", "2")]);
        assert!(same("x", code.clone(), code.clone()).is_ok());
        for page in [
            map(&[("a", "1")]),
            map(&[("a", "1"), ("b", "3")]),
            map(&[("a", "1"), ("b", "2"), ("c", "")]),
        ] {
            assert!(same("x", code.clone(), page).is_err());
        }
    }
}

//! The numbers in the page of limits are those of the code.
//!
//! A table stands under a heading ``In `FOLDER` ``. The last cell of a row names a file in that folder and, in code
//! spans behind it, what holds the numbers: constants of that file, or pieces of its text. The cell before
//! says their values.

use std::fs;

use anyhow::{Context, Result, bail};

use super::markdown::{Cell, Page, Row};
use crate::workspace::Workspace;

/// Compares every row.
///
/// # Errors
/// When a number is another one, or its place is gone; all are listed.
pub(super) fn check(workspace: &Workspace, page: &Page) -> Result<()> {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for row in &page.rows {
        match compare(workspace, row) {
            Ok(count) => compared += count,
            Err(error) => wrong.push(format!("{}: {error:#}", row.cells[0].text)),
        }
    }
    println!("{compared} limits compared");
    if !wrong.is_empty() {
        bail!("{}:\n{}", page.name, wrong.join("\n"));
    }
    Ok(())
}

/// How many numbers of the row were compared.
fn compare(workspace: &Workspace, row: &Row) -> Result<usize> {
    let [_, said, place] = row.cells.as_slice() else {
        bail!("a row has three cells");
    };
    let folder = row
        .under
        .strip_prefix("In ")
        .context("the table stands under no folder")?;
    let [file, holders @ ..] = place.code.as_slice() else {
        bail!("it names no file");
    };
    let path = workspace.path(folder).join(file);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    for holder in holders {
        let expression = expression(&text, holder)?;
        for number in
            numbers(expression).with_context(|| format!("`{holder}` is `{expression}`"))?
        {
            if !values(said)
                .iter()
                .any(|value| (value - number).abs() < f64::EPSILON)
            {
                bail!(
                    "`{holder}` is `{expression}`, and the page says `{}`",
                    said.text
                );
            }
        }
    }
    Ok(holders.len())
}

/// What a constant is, or the piece of text itself where the file has it.
fn expression<'a>(text: &'a str, holder: &'a str) -> Result<&'a str> {
    let is_name = holder
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if !is_name {
        return match text.contains(holder) {
            true => Ok(holder),
            false => bail!("the file has no `{holder}`"),
        };
    }
    let (_, rest) = text
        .split_once(&format!("const {holder}:"))
        .with_context(|| format!("the file has no constant `{holder}`"))?;
    let (_, value) = rest.split_once('=').context("a constant without value")?;
    Ok(value.split(';').next().unwrap_or_default().trim())
}

/// The numbers of an expression, in seconds where it is a time: `Duration::from_secs(10)`, `8 * 1024`, `4 << 20`,
/// `60..=604_800`.
fn numbers(expression: &str) -> Result<Vec<f64>> {
    let scale = match expression.contains("from_millis") {
        true => 1000.0,
        false => 1.0,
    };
    let ends = expression.split("..=");
    let numbers: Option<Vec<f64>> = ends.map(|end| Some(product(end)? / scale)).collect();
    numbers
        .filter(|numbers| !numbers.is_empty())
        .context("no number")
}

/// The product of the integers in it, or one shifted by the other.
fn product(expression: &str) -> Option<f64> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '_';
    let pieces = expression.split(|c: char| !is_digit(c));
    let integers = pieces.filter(|piece| piece.starts_with(|c: char| c.is_ascii_digit()));
    let integers: Option<Vec<u32>> = integers
        .map(|piece| piece.replace('_', "").parse().ok())
        .collect();
    match integers?.as_slice() {
        [] => None,
        [number, shift] if expression.contains("<<") => {
            Some(f64::from(*number) * f64::from(2_u32.checked_pow(*shift)?))
        }
        several => Some(several.iter().copied().map(f64::from).product()),
    }
}

/// What a cell says: each number as it stands, and in bytes or seconds where a unit follows it.
fn values(cell: &Cell) -> Vec<f64> {
    let words: Vec<&str> = cell.text.split([' ', ';']).collect();
    let mut values = Vec::new();
    for (position, word) in words.iter().enumerate() {
        let Ok(number) = word.trim_end_matches(',').replace(',', "").parse::<f64>() else {
            continue;
        };
        values.push(number);
        let unit = words
            .get(position + 1)
            .map_or("", |unit| unit.trim_end_matches(','));
        values.extend(factor(unit).map(|factor| number * factor));
    }
    values
}

fn factor(unit: &str) -> Option<f64> {
    match unit {
        "KiB" => Some(1024.0),
        "MiB" => Some(1024.0 * 1024.0),
        "GiB" => Some(1024.0 * 1024.0 * 1024.0),
        "ms" => Some(0.001),
        "min" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, expression, numbers, values};

    #[test]
    fn constants_are_read_as_numbers() {
        for (code, expected) in [
            ("Duration::from_secs(10)", vec![10.0]),
            ("Duration::from_millis(250)", vec![0.25]),
            ("5 * 1024 * 1024 * 1024", vec![5_368_709_120.0]),
            ("4 << 20", vec![4_194_304.0]),
            ("60..=604_800", vec![60.0, 604_800.0]),
            (".max_buf_size(64 * 1024)", vec![65_536.0]),
        ] {
            assert_eq!(numbers(code).unwrap(), expected, "{code}");
        }
        assert!(numbers("OTHER").is_err());
    }

    #[test]
    fn a_cell_says_its_numbers_with_and_without_their_units() {
        let cell = Cell {
            text: "1,024 bytes, 8 MiB; 6 h".to_owned(),
            ..Cell::default()
        };
        assert_eq!(values(&cell), [1024.0, 8.0, 8_388_608.0, 6.0, 21_600.0]);
    }

    #[test]
    fn a_constant_that_is_gone_is_an_error() {
        let file = "pub const MAX: usize = 8 * 1024;\n";
        assert_eq!(expression(file, "MAX").unwrap(), "8 * 1024");
        assert!(expression(file, "MIN").is_err());
        assert!(expression(file, ".max(8)").is_err());
    }
}

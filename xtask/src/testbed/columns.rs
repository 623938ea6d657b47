//! Tables of Markdown with columns of one width, so that they can be read unrendered.

use std::fmt;

/// Writes the headings, a rule and the rows.
///
/// # Errors
/// As the formatter.
pub(crate) fn write<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    headings: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> fmt::Result {
    let mut lines = vec![headings.map(str::to_owned)];
    lines.extend(rows);
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    for (index, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(widths) {
            write!(f, "| {cell:width$} ")?;
        }
        writeln!(f, "|")?;
        if index == 0 {
            let rules = widths.map(|width| "-".repeat(width + 2));
            writeln!(f, "|{}|", rules.join("|"))?;
        }
    }
    Ok(())
}

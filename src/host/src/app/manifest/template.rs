//! Texts with `{{ templates }}`.

/// A part of a text with `{{ templates }}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// Splits a text at its `{{ templates }}`.
pub(crate) fn pieces(mut text: &str) -> Result<Vec<Piece<'_>>, &'static str> {
    let mut pieces = Vec::new();
    while let Some((before, rest)) = text.split_once("{{") {
        let (name, after) = rest.split_once("}}").ok_or("`{{` is not closed")?;
        pieces.extend([Piece::Text(before), Piece::Variable(name.trim())]);
        text = after;
    }
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_split() {
        assert_eq!(
            pieces("a{{ b }}c{{d}}").unwrap(),
            [
                Piece::Text("a"),
                Piece::Variable("b"),
                Piece::Text("c"),
                Piece::Variable("d"),
                Piece::Text("")
            ]
        );
    }
}

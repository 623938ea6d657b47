//! Texts with `{{ templates }}`.

use std::fmt;

/// A text in which `{{ name }}` stands for an application variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Variable(String),
}

impl Template {
    /// Splits `text` at its `{{ templates }}`.
    ///
    /// # Errors
    ///
    /// A `{{` is not closed; gives the text back, and the reason.
    pub(crate) fn parse(text: String) -> Result<Self, (String, &'static str)> {
        match pieces(&text) {
            Ok(pieces) => Ok(Self { text, pieces }),
            Err(error) => Err((text, error)),
        }
    }

    /// Its parts, in order.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The application variables it names.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Variable(name) => Some(name.as_str()),
        })
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// As the manifest writes it.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn pieces(mut text: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    while let Some((before, rest)) = text.split_once("{{") {
        let (name, after) = rest.split_once("}}").ok_or("`{{` is not closed")?;
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Variable(name.trim().to_owned()));
        text = after;
    }
    pieces.push(Piece::Text(text.to_owned()));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_split() {
        let text = |text: &str| Piece::Text(text.into());
        let variable = |name: &str| Piece::Variable(name.into());
        assert_eq!(
            pieces("a{{ b }}c{{d}}").unwrap(),
            [text("a"), variable("b"), text("c"), variable("d"), text("")]
        );
    }
}

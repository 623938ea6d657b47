//! A Markdown page, as far as the checks need it.

use std::collections::{HashMap, HashSet};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// One page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Its path below the root of the checkout.
    pub(super) name: String,
    /// Its fenced blocks, in order.
    pub(super) blocks: Vec<Block>,
    /// Where its links and pictures lead.
    pub(super) links: Vec<String>,
    /// What may stand behind `#` in a link to it.
    pub(super) anchors: HashSet<String>,
    /// Its headings, in order: their text, code spans without their ticks.
    pub(super) headings: Vec<String>,
    /// The rows of its tables, heads left out.
    pub(super) rows: Vec<Row>,
}

/// A fenced block.
#[derive(Debug)]
pub(super) struct Block {
    info: String,
    /// What it holds.
    pub(super) text: String,
}

impl Block {
    /// Whether it has this language.
    pub(super) fn is(&self, language: &str) -> bool {
        self.info.split(' ').next() == Some(language)
    }

    /// Whether this word stands behind its language.
    pub(super) fn says(&self, word: &str) -> bool {
        self.info.split(' ').skip(1).any(|said| said == word)
    }
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Row {
    /// The heading over its table.
    pub(super) under: String,
    /// Its cells.
    pub(super) cells: Vec<Cell>,
    is_head: bool,
}

/// A cell of a table.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// Its text, code spans without their ticks.
    pub(super) text: String,
    /// Its code spans.
    pub(super) code: Vec<String>,
}

/// What a piece of text belongs to.
#[derive(PartialEq)]
enum Place {
    Heading,
    Block,
    Cell,
    Elsewhere,
}

impl Page {
    /// Reads a page.
    pub(super) fn parse(name: &str, text: &str) -> Self {
        let mut page = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        let mut slugs = HashMap::new();
        let mut place = Place::Elsewhere;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(tag) => place = page.start(tag).unwrap_or(place),
                Event::End(TagEnd::Heading(_)) => {
                    let heading = page.headings.last().map_or("", String::as_str);
                    let anchor = anchor(heading, &mut slugs);
                    page.anchors.insert(anchor);
                    place = Place::Elsewhere;
                }
                Event::End(TagEnd::CodeBlock | TagEnd::TableCell) => place = Place::Elsewhere,
                Event::Text(piece) => page.take(&piece, &place),
                Event::Code(piece) => {
                    page.take(&piece, &place);
                    if let Some(cell) = page.cell().filter(|_| place == Place::Cell) {
                        cell.code.push(piece.to_string());
                    }
                }
                _ => {}
            }
        }
        page.rows.retain(|row| !row.is_head);
        page
    }

    /// What begins, and what the text in it belongs to, where that changes.
    fn start(&mut self, tag: Tag<'_>) -> Option<Place> {
        match tag {
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                let (info, text) = (info.to_string(), String::new());
                self.blocks.push(Block { info, text });
                return Some(Place::Block);
            }
            Tag::Heading { .. } => {
                self.headings.push(String::new());
                return Some(Place::Heading);
            }
            Tag::TableCell => {
                self.rows.last_mut()?.cells.push(Cell::default());
                return Some(Place::Cell);
            }
            Tag::TableHead | Tag::TableRow => self.rows.push(Row {
                under: self.headings.last().cloned().unwrap_or_default(),
                cells: Vec::new(),
                is_head: matches!(tag, Tag::TableHead),
            }),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(dest_url.to_string());
            }
            _ => {}
        }
        None
    }

    fn take(&mut self, piece: &str, place: &Place) {
        let text = match place {
            Place::Heading => self.headings.last_mut(),
            Place::Block => self.blocks.last_mut().map(|block| &mut block.text),
            Place::Cell => self.cell().map(|cell| &mut cell.text),
            Place::Elsewhere => None,
        };
        if let Some(text) = text {
            text.push_str(piece);
        }
    }

    fn cell(&mut self) -> Option<&mut Cell> {
        self.rows.last_mut()?.cells.last_mut()
    }
}

/// As GitHub makes them: lower case, hyphens for blanks, no punctuation; a second one of the same name is counted.
fn anchor(heading: &str, seen: &mut HashMap<String, usize>) -> String {
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    let plain: String = heading.to_lowercase().chars().filter(kept).collect();
    let slug = plain.replace(' ', "-");
    let count = seen.entry(slug.clone()).or_insert(0);
    *count += 1;
    match *count {
        1 => slug,
        several => format!("{slug}-{}", several - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn a_page_is_taken_apart() {
        let page = Page::parse(
            "a.md",
            "# The `one` page\n\n```sh service\nreelgate up\n```\n\nSee [there](b.md#x).\n\n## In `src`\n\n| a | b |\n| --- | --- |\n| `X` and `Y` | 3 s |\n\n## In `src`\n",
        );
        assert_eq!(page.links, ["b.md#x"]);
        assert!(page.blocks[0].is("sh") && page.blocks[0].says("service"));
        assert_eq!(page.blocks[0].text, "reelgate up\n");
        assert_eq!(page.headings, ["The one page", "In src", "In src"]);
        for anchor in ["the-one-page", "in-src", "in-src-1"] {
            assert!(page.anchors.contains(anchor), "{anchor}");
        }
        assert_eq!(page.rows.len(), 1);
        assert_eq!(page.rows[0].under, "In src");
        assert_eq!(page.rows[0].cells[0].code, ["X", "Y"]);
        assert_eq!(page.rows[0].cells[1].text, "3 s");
    }
}

//! The list of a batch: a CSV file with a film in each line.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path};

use csv::{ByteRecord, ReaderBuilder};
use reelgate_core::key::GameId;

use super::{
    columns_of_own,
    mistakes::{BadList, Problem, Problems},
};
use crate::{About, Ladder, Source, Wishes};

/// Columns that every list has.
const GAME: &str = "game_id";
const SOURCE: &str = "source";

/// Files of captions, which is no wish: to change it, nothing is packaged again.
const CAPTIONS: &str = "captions";

/// What may be wished for one film alone: a column, what it takes, and how it is read.
const WISHES: [Column; 6] = [
    Column {
        name: "segment_seconds",
        takes: "1 to 60",
        read: |text, wishes| {
            let seconds = text.parse().ok();
            let seconds = seconds.filter(|seconds| (1.0..=60.0).contains(seconds));
            seconds.map(|seconds| wishes.segment_seconds = seconds)
        },
    },
    Column {
        name: "encode",
        takes: "true or false",
        read: |text, wishes| yes_or_no(text).map(|wish| wishes.encode = wish),
    },
    Column {
        name: "strict",
        takes: "true or false",
        read: |text, wishes| yes_or_no(text).map(|wish| wishes.strict = wish),
    },
    Column {
        name: "copy_only",
        takes: "true or false",
        read: |text, wishes| yes_or_no(text).map(|wish| wishes.copy_only = wish),
    },
    Column {
        name: "ladder",
        takes: "abr or single",
        read: |text, wishes| {
            let ladder = match text {
                "abr" => Some(Ladder::Abr),
                "single" => Some(Ladder::Single),
                _ => None,
            };
            ladder.map(|ladder| wishes.ladder = ladder)
        },
    },
    Column {
        name: "thumbnails",
        takes: "true or false",
        read: |text, wishes| yes_or_no(text).map(|wish| wishes.thumbnails = wish),
    },
];

struct Column {
    name: &'static str,
    takes: &'static str,
    read: fn(&str, &mut Wishes) -> Option<()>,
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// One film of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The line of the file that it begins in, from 1.
    pub line: u64,
    /// The game's id, as [`GameId`] takes it.
    pub game: String,
    /// The film.
    pub source: Source,
    /// How it is wished.
    pub wishes: Wishes,
    /// Its captions, and all further columns.
    pub about: About,
}

/// The columns that reelgate itself goes by.
fn known() -> impl Iterator<Item = &'static str> {
    let wishes = WISHES.iter().map(|column| column.name);
    [GAME, SOURCE].into_iter().chain(wishes).chain([CAPTIONS])
}

/// Whether reelgate itself goes by a column; all others are text for portals.
pub(super) fn is_known(name: &str) -> bool {
    known().any(|known| known == name)
}

/// Whether a column is named as one that is known, but for the way it is written or one slip of a finger. One that goes
/// on where the known one ends (`encoder`, `sources`) is another word.
fn is_misspelt(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace([' ', '-'], "_");
    let is_slip =
        |known: &str| !plain.starts_with(known) && strsim::osa_distance(known, &plain) <= 1;
    !is_known(name) && (is_known(&plain) || known().any(is_slip))
}

/// Reads the list at `path`. Relative sources are looked for beside it; `wishes` holds where a line
/// does not say otherwise.
///
/// # Errors
/// [`BadList`] with everything that is wrong, by line.
pub fn read(path: &Path, wishes: Wishes) -> Result<Vec<Entry>, BadList> {
    let text = fs::read(path).map_err(|source| BadList::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&text, folder, wishes).map_err(|problems| BadList::Wrong {
        path: path.to_owned(),
        problems,
    })
}

fn parse(text: &[u8], folder: &Path, wishes: Wishes) -> Result<Vec<Entry>, Problems> {
    let mut records = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text)
        .into_byte_records()
        .filter(|record| !record.as_ref().is_ok_and(is_blank));
    let Some(head) = records.next() else {
        return Err(Problems(vec![(1, Problem::NoFilms)]));
    };
    let head = head.map_err(|error| Problems(vec![(1, error.into())]))?;
    let columns = columns(&head).map_err(|problems| {
        let line = line(text, head.position());
        Problems(
            problems
                .into_iter()
                .map(|problem| (line, problem))
                .collect(),
        )
    })?;

    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    let mut lines = BTreeMap::new();
    for record in records {
        let (line, entry) = match record {
            Ok(record) => {
                let line = line(text, record.position());
                (line, entry(&record, line, &columns, folder, wishes))
            }
            Err(error) => (line(text, error.position()), Err(error.into())),
        };
        let entry = entry.and_then(|entry| not_twice(entry, &mut lines));
        match entry {
            Ok(entry) => entries.push(entry),
            Err(problem) => problems.push((line, problem)),
        }
    }
    if entries.is_empty() && problems.is_empty() {
        problems.push((line(text, head.position()), Problem::NoFilms));
    }
    if problems.is_empty() {
        Ok(entries)
    } else {
        Err(Problems(problems))
    }
}

fn is_blank(record: &ByteRecord) -> bool {
    record.len() <= 1 && record.iter().all(|field| field.trim_ascii().is_empty())
}

/// The line that a record begins in, from 1. The reader's own count stands before the blank lines, and
/// the second half of a CR LF, that it skips next.
fn line(text: &[u8], position: Option<&csv::Position>) -> u64 {
    let from = position.map_or(0, csv::Position::byte);
    let from = usize::try_from(from).unwrap_or(usize::MAX).min(text.len());
    let skipped = text[from..]
        .iter()
        .take_while(|byte| b"\r\n".contains(byte));
    let begin = from + skipped.count();
    1 + text[..begin].iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The names of the columns, each there once. Further ones are text about the film.
fn columns(head: &ByteRecord) -> Result<Vec<String>, Vec<Problem>> {
    let name = |field: &[u8]| String::from_utf8_lossy(field).trim().to_owned();
    let names: Vec<String> = head.iter().map(name).collect();
    let unknown = names
        .iter()
        .filter(|name| name.is_empty() || is_misspelt(name));
    let mut problems: Vec<Problem> = unknown
        .map(|name| Problem::Unknown {
            name: name.clone(),
            known: known().collect::<Vec<_>>().join(", "),
        })
        .collect();
    let missing = [GAME, SOURCE].into_iter();
    let missing = missing.filter(|name| !names.iter().any(|given| given == name));
    problems.extend(missing.map(Problem::Missing));
    let twice = names.iter().enumerate();
    let twice = twice.filter(|(at, name)| names[..*at].contains(name));
    problems.extend(twice.map(|(_, name)| Problem::Twice(name.clone())));
    if problems.is_empty() {
        Ok(names)
    } else {
        Err(problems)
    }
}

fn entry(
    record: &ByteRecord,
    line: u64,
    columns: &[String],
    folder: &Path,
    wishes: Wishes,
) -> Result<Entry, Problem> {
    if record.len() != columns.len() {
        return Err(Problem::Fields {
            found: record.len(),
            expected: columns.len(),
        });
    }
    let field = |name: &str| {
        let at = columns.iter().position(|column| column == name);
        at.and_then(|at| record.get(at))
    };
    let game = String::from_utf8_lossy(field(GAME).unwrap_or_default())
        .trim()
        .to_owned();
    if GameId::new(&game).is_err() {
        return Err(Problem::Game(game));
    }
    let source = field(SOURCE).unwrap_or_default();
    if source.is_empty() {
        return Err(Problem::NoSource(game));
    }
    Ok(Entry {
        line,
        game,
        source: parse_source(source, folder)?,
        wishes: read_wishes(&field, wishes)?,
        about: About {
            details: columns_of_own::details(columns, record)?,
            captions: columns_of_own::captions(field(CAPTIONS).unwrap_or_default(), folder)?,
        },
    })
}

fn read_wishes<'a>(
    field: &impl Fn(&str) -> Option<&'a [u8]>,
    mut wishes: Wishes,
) -> Result<Wishes, Problem> {
    for Column { name, takes, read } in WISHES {
        let given = std::str::from_utf8(field(name).unwrap_or_default())?.trim();
        if !given.is_empty() && read(given, &mut wishes).is_none() {
            return Err(Problem::Wish {
                column: name,
                given: given.to_owned(),
                takes,
            });
        }
    }
    Ok(wishes)
}

fn parse_source(given: &[u8], folder: &Path) -> Result<Source, Problem> {
    let text = os_string(given)?;
    let source = Source::parse(&text).map_err(|error| Problem::Source {
        given: text.to_string_lossy().into_owned(),
        error,
    })?;
    Ok(match source {
        Source::File(path) => Source::File(folder.join(path)),
        object @ Source::Object { .. } => object,
    })
}

/// A path need not be UTF-8 where the system does not ask for it.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere a path is text")]
pub(super) fn os_string(bytes: &[u8]) -> Result<OsString, Problem> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(OsString::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
pub(super) fn os_string(bytes: &[u8]) -> Result<OsString, Problem> {
    Ok(std::str::from_utf8(bytes)?.into())
}

fn not_twice(entry: Entry, lines: &mut BTreeMap<String, u64>) -> Result<Entry, Problem> {
    match lines.get(&entry.game) {
        Some(&line) => Err(Problem::Duplicate {
            game: entry.game,
            line,
        }),
        None => {
            lines.insert(entry.game.clone(), entry.line);
            Ok(entry)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CaptionFiles, batch::mistakes::TOLD};

    fn parsed(text: &str) -> Result<Vec<Entry>, String> {
        let entries = parse(text.as_bytes(), Path::new("/list"), Wishes::default());
        entries.map_err(|problems| problems.to_string())
    }

    fn told(text: &str) -> String {
        parsed(text).unwrap_err().trim_start().to_owned()
    }

    #[test]
    fn a_list_as_a_spreadsheet_saves_it_is_read() {
        let text = "\u{feff}game_id,source,segment_seconds\r\n7,a.mp4,\r\n\r\n8,\"b, (1)\nc.mp4\",4\r\n   \r\n9,s3://archive/x.mov,\r\n10,/abs.mp4,";
        let entries = parsed(text).unwrap();
        let of = |line, game: &str, source, segment_seconds| Entry {
            line,
            game: game.to_owned(),
            source,
            wishes: Wishes {
                segment_seconds,
                ..Wishes::default()
            },
            about: About::default(),
        };
        let object = Source::Object {
            bucket: "archive".to_owned(),
            key: "x.mov".to_owned(),
        };
        assert_eq!(
            entries,
            [
                of(2, "7", Source::File("/list/a.mp4".into()), 6.0),
                of(4, "8", Source::File("/list/b, (1)\nc.mp4".into()), 4.0),
                of(7, "9", object, 6.0),
                of(8, "10", Source::File("/abs.mp4".into()), 6.0),
            ]
        );
    }

    #[test]
    fn all_that_is_wrong_is_told_by_line() {
        let text = "game_id,source,encode\n7,a.mp4,\na/b,c.mp4,\n7,d.mp4,\n8,,\n9,e.mp4,maybe\n10,f.mp4\n11,s3://x,\n";
        let expected = [
            "line 3: \"a/b\" is no game id: 1 to 128 bytes without slashes, backslashes, control characters and escapes",
            "line 4: game \"7\" is in line 2 already",
            "line 5: no source is given for game \"8\"",
            "line 6: encode is \"maybe\", and takes true or false",
            "line 7: it has 2 fields and the first line 3; a comma in a name needs \"quotes\"",
            "line 8: s3://x is no s3://BUCKET/KEY",
        ];
        let told = told(text);
        let lines: Vec<&str> = told.lines().map(str::trim).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn columns_are_known_and_there() {
        assert_eq!(
            told("game_id,source,Segment-Seconds\n7,a,b\n"),
            "line 1: there is no column \"Segment-Seconds\"; there are game_id, source, segment_seconds, encode, strict, copy_only, ladder, thumbnails, captions, and columns of your own, which portals get as text"
        );
        for slip in ["segmnt_seconds", "stirct", "caption"] {
            let told = told(&format!("game_id,source,{slip}\n7,a,b\n"));
            assert!(
                told.starts_with(&format!("line 1: there is no column \"{slip}\"")),
                "{told}"
            );
        }
        for own in ["team", "encoder", "sources"] {
            let text = format!("game_id,source,{own}\n7,a,b\n");
            assert_eq!(parsed(&text).unwrap()[0].about.details[own], "b");
        }
        assert!(told("7,a.mp4\n").contains("the column game_id is missing"));
        assert!(told("game_id,source,source\n").contains("source is there twice"));
        assert_eq!(told(""), "line 1: there is no film in it");
        assert_eq!(told("\n\n"), "line 1: there is no film in it");
        assert_eq!(told("game_id,source\n\n"), "line 1: there is no film in it");
    }

    #[test]
    fn captions_and_text_for_portals_are_taken() {
        let text = "game_id,source,captions,title,team\n7,a.mp4,en=a.srt; de.forced=/b.vtt,\"Final, 2nd\",\n8,b.mp4,none,,\n";
        let entries = parsed(text).unwrap();
        let label = |text: &str| crate::Label::parse(text).unwrap();
        assert_eq!(
            entries[0].about.captions,
            CaptionFiles::Named(vec![
                (label("en"), "/list/a.srt".into()),
                (label("de.forced"), "/b.vtt".into())
            ])
        );
        assert_eq!(entries[0].about.details["title"], "Final, 2nd");
        assert_eq!(entries[0].about.details["team"], "");
        assert_eq!(entries[1].about.captions, CaptionFiles::Named(Vec::new()));
        assert_eq!(
            told("game_id,source,captions\n7,a.mp4,english\n8,b.mp4,x y=a.srt\n"),
            "line 2: captions is \"english\", and takes en=FILE;de.forced=FILE\n  line 3: \"x y\" is no language; en, pt-BR and de.forced are"
        );
    }

    #[test]
    fn a_file_of_another_kind_does_not_fill_the_screen() {
        let text = format!("game_id,source\n{}", "x\n".repeat(50));
        let told = told(&text);
        assert_eq!(told.lines().count(), TOLD + 1);
        assert!(told.ends_with("and 30 more"), "{told}");
    }
}

//! Columns that are no wishes: captions (`en=a.srt;de.forced=b.vtt`), and text about the film.

use std::path::Path;

use csv::ByteRecord;

use super::{
    list::{is_known, os_string},
    mistakes::Problem,
};
use crate::{CaptionFiles, Details, Label, publish::film::OWN_NAMES};

/// A film that has captions beside it, and shall not have them.
const NONE: &str = "none";

/// Reads the captions of one film; files are looked for beside the list. Nothing at all means those
/// that lie beside the film.
pub(super) fn captions(given: &[u8], folder: &Path) -> Result<CaptionFiles, Problem> {
    let given = given.trim_ascii();
    if given.is_empty() {
        return Ok(CaptionFiles::Beside);
    }
    if given == NONE.as_bytes() {
        return Ok(CaptionFiles::Named(Vec::new()));
    }
    let parts = given.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let named = parts.filter(|part| !part.is_empty()).map(|part| {
        let sign = part.iter().position(|byte| *byte == b'=');
        let sign = sign.ok_or_else(|| Problem::Wish {
            column: "captions",
            given: String::from_utf8_lossy(part).into_owned(),
            takes: "en=FILE;de.forced=FILE",
        })?;
        let label = std::str::from_utf8(part[..sign].trim_ascii())?;
        let file = os_string(part[sign + 1..].trim_ascii())?;
        Ok((Label::parse(label)?, folder.join(file)))
    });
    named
        .collect::<Result<_, Problem>>()
        .map(CaptionFiles::Named)
}

/// The columns that are text about the film; `Title` is `title`, as a spreadsheet may have it.
pub(super) fn details(columns: &[String], record: &ByteRecord) -> Result<Details, Problem> {
    let columns = columns.iter().zip(record);
    let of_film = columns.filter(|(name, _)| !is_known(name));
    let text = of_film.map(|(name, text)| {
        let own = OWN_NAMES.iter().find(|own| own.eq_ignore_ascii_case(name));
        let name = own.map_or_else(|| name.clone(), |own| (*own).to_owned());
        Ok((name, std::str::from_utf8(text)?.to_owned()))
    });
    text.collect()
}

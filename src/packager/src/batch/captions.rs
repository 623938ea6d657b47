//! The column `captions` of a list: `en=a.srt;de.forced=b.vtt`.

use std::path::Path;

use super::{list::os_string, mistakes::Problem};
use crate::{CaptionFiles, Label};

/// A film that has captions beside it, and shall not have them.
const NONE: &str = "none";

/// Reads the captions of one film; files are looked for beside the list. Nothing at all means those
/// that lie beside the film.
pub(super) fn parse(given: &[u8], folder: &Path) -> Result<CaptionFiles, Problem> {
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

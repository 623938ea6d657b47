//! WebVTT (<https://www.w3.org/TR/webvtt1/>), taken as it is: cues keep their settings and tags.

use std::borrow::Cow;

use super::{
    bad::Bad,
    cue::{Cue, Moment, Track},
    encoding::lines,
};

/// Between the two times of a cue.
const ARROW: &str = "-->";

/// What a file begins with.
const MAGIC: &str = "WEBVTT";

type Line<'t> = (usize, Cow<'t, str>);

/// Whether `text` calls itself WebVTT.
pub(crate) fn is_vtt(text: &str) -> bool {
    let rest = text.trim_start_matches('\u{feff}').strip_prefix(MAGIC);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
}

/// Reads WebVTT.
///
/// # Errors
/// [`Bad`] with the line that makes no sense.
pub(crate) fn parse(text: &str) -> Result<Track, Bad> {
    if !is_vtt(text) {
        return Err(Bad::new(1, "it does not begin with WEBVTT"));
    }
    let lines = lines(text);
    let mut track = Track::default();
    // What stands below the first line up to a blank one is the header's.
    let blocks = lines.split(|(_, line)| line.trim().is_empty()).skip(1);
    for block in blocks.filter(|block| !block.is_empty()) {
        read(block, &mut track)?;
    }
    match track.cues.is_empty() {
        true => Err(Bad::new(1, "there is no cue in it")),
        false => Ok(track.sorted()),
    }
}

fn read(block: &[Line<'_>], track: &mut Track) -> Result<(), Bad> {
    let [(number, first), rest @ ..] = block else {
        return Ok(());
    };
    let word = first.split_whitespace().next().unwrap_or_default();
    let timing = block.iter().position(|(_, line)| line.contains(ARROW));
    match (word, timing) {
        ("NOTE", None) => Ok(()),
        ("STYLE" | "REGION", None) => {
            track.blocks.push(joined(block));
            Ok(())
        }
        (_, Some(0)) => cue(None, *number, first, rest, track),
        (_, Some(1)) => {
            let (number, timing) = &rest[0];
            cue(Some(first.to_string()), *number, timing, &rest[1..], track)
        }
        (_, Some(_)) => Err(Bad::new(
            *number,
            "two lines stand before the times of the cue",
        )),
        (_, None) => Err(Bad::new(*number, "the cue has no times: no -->")),
    }
}

fn cue(
    id: Option<String>,
    number: usize,
    timing: &str,
    text: &[Line<'_>],
    track: &mut Track,
) -> Result<(), Bad> {
    let (start, rest) = timing.split_once(ARROW).unwrap_or((timing, ""));
    let mut words = rest.split_whitespace();
    let end = words.next().unwrap_or_default();
    let read = |time: &str| {
        let time = time.trim();
        let what = || format!("{time:?} is no time; 00:01:02.345 is");
        Moment::parse(time).ok_or_else(|| Bad::new(number, what()))
    };
    let (start, end) = (read(start)?, read(end)?);
    if end < start {
        let what = format!("the cue ends at {end}, before it begins at {start}");
        return Err(Bad::new(number, what));
    }
    let twice = text.iter().find(|(_, line)| line.contains(ARROW));
    if let Some((number, _)) = twice {
        return Err(Bad::new(*number, "a blank line is missing before the cue"));
    }
    let cue = Cue {
        id,
        start,
        end,
        settings: words.collect::<Vec<_>>().join(" "),
        text: joined(text),
    };
    if !cue.text.is_empty() && end > start {
        track.cues.push(cue);
    }
    Ok(())
}

fn joined(lines: &[Line<'_>]) -> String {
    let lines = lines.iter().map(|(_, line)| line.trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        // https://www.w3.org/TR/webvtt1/, sections 1.1, 1.5 and 1.2.
        let text = "WEBVTT\n\nREGION\nid:fred\nwidth:40%\nlines:3\n\nSTYLE\n::cue {\n  color: papayawhip;\n}\n\n\
                    NOTE a comment\nof two lines\n\n00:11.000 --> 00:13.000 region:fred align:left\n<v Roger Bingham>We are in New York City\n\n\
                    crédit de transcription\n00:13.000 --> 00:16.000\n<v Roger Bingham>We’re actually at the <i>Lucern Hotel</i>\n";
        let track = parse(text).unwrap();
        assert_eq!(
            track.blocks,
            [
                "REGION\nid:fred\nwidth:40%\nlines:3",
                "STYLE\n::cue {\n  color: papayawhip;\n}"
            ]
        );
        let first = Cue {
            id: None,
            start: Moment(11_000),
            end: Moment(13_000),
            settings: "region:fred align:left".to_owned(),
            text: "<v Roger Bingham>We are in New York City".to_owned(),
        };
        assert_eq!(track.cues[0], first);
        assert_eq!(track.cues[1].id.as_deref(), Some("crédit de transcription"));
        let again = parse(&track.to_vtt("", |_| true)).unwrap();
        assert_eq!(again, track);
    }

    #[test]
    fn what_is_broken_is_told_with_its_line() {
        let told = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(told("WEBVTTX\n"), "line 1: it does not begin with WEBVTT");
        assert_eq!(
            told("WEBVTT\n\n00:11 --> 00:13.000\na\n"),
            "line 3: \"00:11\" is no time; 00:01:02.345 is"
        );
        assert_eq!(
            told("WEBVTT\n\nlost text\n"),
            "line 3: the cue has no times: no -->"
        );
        assert_eq!(
            told("WEBVTT\n\n00:01.000 --> 00:02.000\na\n00:03.000 --> 00:04.000\nb\n"),
            "line 5: a blank line is missing before the cue"
        );
        assert_eq!(told("WEBVTT\n"), "line 1: there is no cue in it");
    }
}

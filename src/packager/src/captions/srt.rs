//! SubRip, as it is written and not only as it should be: the count may be missing, texts may hold
//! blank lines, and a full stop may stand for the comma.

use std::borrow::Cow;

use super::{
    bad::Bad,
    cue::{Cue, Moment, Track},
    encoding::lines,
    markup,
};

/// Between the two times of a cue.
const ARROW: &str = "-->";

/// Reads SubRip.
///
/// # Errors
/// [`Bad`] with the line that makes no sense.
pub(crate) fn parse(text: &str) -> Result<Track, Bad> {
    let lines = lines(text);
    let mut timings = Vec::new();
    for (at, (number, line)) in lines.iter().enumerate() {
        if line.contains(ARROW) {
            timings.push((at, timing(line).map_err(|what| Bad::new(*number, what))?));
        }
    }
    let Some((first, _)) = timings.first() else {
        return Err(Bad::new(1, "there is no cue in it: no line has a -->"));
    };
    if let Some((number, line)) = lines[..*first].iter().find(|(_, line)| !is_count(line)) {
        let what = format!("{:?} stands before the first cue", shortened(line));
        return Err(Bad::new(*number, what));
    }
    let ends = timings.iter().skip(1).map(|(at, _)| *at);
    let ends = ends.chain([lines.len()]);
    let cues = timings.iter().zip(ends).filter_map(|((at, times), end)| {
        let is_last = end == lines.len();
        cue(&lines[at + 1..end], *times, is_last)
    });
    let track = Track {
        blocks: Vec::new(),
        cues: cues.collect(),
    };
    match track.cues.is_empty() {
        true => Err(Bad::new(1, "there is no text in it")),
        false => Ok(track.sorted()),
    }
}

/// A blank line, or the count that stands before the times.
fn is_count(line: &str) -> bool {
    line.trim().bytes().all(|byte| byte.is_ascii_digit())
}

/// The two times of a cue; some programs write coordinates behind them.
fn timing(line: &str) -> Result<(Moment, Moment), String> {
    let (start, rest) = line.split_once(ARROW).unwrap_or((line, ""));
    let end = rest.split_whitespace().next().unwrap_or_default();
    let read = |time: &str| {
        let time = time.trim();
        Moment::parse(time).ok_or_else(|| format!("{time:?} is no time; 00:01:02,345 is"))
    };
    let (start, end) = (read(start)?, read(end)?);
    if end < start {
        return Err(format!(
            "the cue ends at {end}, before it begins at {start}"
        ));
    }
    Ok((start, end))
}

/// The cue of these lines; `None` when it shows nothing. The count of the next one is no text.
fn cue(
    lines: &[(usize, Cow<'_, str>)],
    (start, end): (Moment, Moment),
    is_last: bool,
) -> Option<Cue> {
    let mut lines: Vec<&str> = lines.iter().map(|(_, line)| line.trim()).collect();
    let is_blank = |line: Option<&&str>| line.is_none_or(|line| line.is_empty());
    let has_count = lines
        .last()
        .is_some_and(|line| !line.is_empty() && is_count(line));
    // A number that follows a text without a blank line between is the text's.
    let follows_blank = lines.len() < 2 || is_blank(lines.get(lines.len() - 2));
    if !is_last && has_count && follows_blank {
        lines.pop();
    }
    let text = lines.into_iter().filter(|line| !line.is_empty());
    let (text, settings) = markup::from_subrip(&text.collect::<Vec<_>>().join("\n"));
    (!text.is_empty() && end > start).then_some(Cue {
        id: None,
        start,
        end,
        settings,
        text,
    })
}

fn shortened(line: &str) -> String {
    line.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(u64, u64, String)> {
        let cues = parse(text).unwrap().cues.into_iter();
        cues.map(|cue| (cue.start.0, cue.end.0, cue.text)).collect()
    }

    #[test]
    fn the_example_of_its_documentation_is_read() {
        // https://docs.fileformat.com/video/srt/ and https://en.wikipedia.org/wiki/SubRip
        let text = "1\r\n00:02:16,612 --> 00:02:19,376\r\nSenator, we're making\r\nour final approach into Coruscant.\r\n\r\n\
                    2\r\n00:02:19,482 --> 00:02:21,609\r\n<i>Very good, Lieutenant.</i>\r\n\r\n";
        assert_eq!(
            shown(text),
            [
                (
                    136_612,
                    139_376,
                    "Senator, we're making\nour final approach into Coruscant.".to_owned()
                ),
                (139_482, 141_609, "<i>Very good, Lieutenant.</i>".to_owned()),
            ]
        );
    }

    #[test]
    fn what_programs_make_of_it_is_read_too() {
        // No count, coordinates, no blank line at the end, a blank line within, cues out of order.
        let text = "00:00:05.000 --> 00:00:06.000 X1:100 X2:200 Y1:1 Y2:2\nlater\n\nstill\n\n1\n00:00:01,000 --> 00:00:02,000\n1984\n";
        assert_eq!(
            shown(text),
            [
                (1000, 2000, "1984".to_owned()),
                (5000, 6000, "later\nstill".to_owned())
            ]
        );
    }

    #[test]
    fn what_is_broken_is_told_with_its_line() {
        let told = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(
            told("1\n00:00:01,000 --> 00:00:0x,000\na\n"),
            "line 2: \"00:00:0x,000\" is no time; 00:01:02,345 is"
        );
        assert_eq!(
            told("1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:09,000 --> 00:00:08,000\nb\n"),
            "line 6: the cue ends at 00:00:08.000, before it begins at 00:00:09.000"
        );
        assert_eq!(
            told("Dear diary,\n1\n00:00:01,000 --> 00:00:02,000\na\n"),
            "line 1: \"Dear diary,\" stands before the first cue"
        );
        assert_eq!(told(""), "line 1: there is no cue in it: no line has a -->");
    }
}

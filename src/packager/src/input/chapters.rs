//! The chapters of a film.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::captions::cue::{Cue, Moment, Track};

/// A chapter as ffprobe tells of it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Probed {
    /// Seconds, as text.
    #[serde(default)]
    start_time: String,
    /// Seconds, as text.
    #[serde(default)]
    end_time: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// A chapter of a film.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chapter {
    /// Seconds from the beginning.
    pub start: f64,
    /// Seconds from the beginning.
    pub end: f64,
    /// What it is called.
    pub title: String,
}

/// The chapters that `probed` are, with a number where there is no name.
pub(crate) fn chapters(probed: &[Probed]) -> Vec<Chapter> {
    let read = probed.iter().enumerate().filter_map(|(at, chapter)| {
        let start: f64 = chapter.start_time.parse().ok()?;
        let end: f64 = chapter.end_time.parse().ok()?;
        let title = chapter.tags.get("title").map(|title| title.trim());
        let title = title.filter(|title| !title.is_empty());
        (end > start && start >= 0.0).then(|| Chapter {
            start,
            end,
            title: title.map_or_else(|| format!("Chapter {}", at + 1), str::to_owned),
        })
    });
    read.collect()
}

/// The chapters as WebVTT (https://www.w3.org/TR/webvtt1/#introduction-chapters).
pub(crate) fn to_vtt(chapters: &[Chapter]) -> String {
    let cues = chapters.iter().map(|chapter| Cue {
        start: Moment::from_seconds(chapter.start),
        end: Moment::from_seconds(chapter.end),
        text: escaped(&chapter.title),
        ..Cue::default()
    });
    let track = Track {
        blocks: Vec::new(),
        cues: cues.collect(),
    };
    track.to_vtt("", |cue| cue.end > cue.start)
}

/// A title is one line, and no markup.
fn escaped(title: &str) -> String {
    let words: Vec<&str> = title.split_whitespace().collect();
    let line = words.join(" ").replace('&', "&amp;");
    line.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_become_a_track() {
        // As `ffprobe -show_chapters -of json` writes them.
        let probed: Vec<Probed> = serde_json::from_str(
            r#"[{"id":0,"time_base":"1/1000","start":0,"start_time":"0.000000","end":2000,"end_time":"2.000000","tags":{"title":"Kick-off & <goal>"}},
                {"id":1,"time_base":"1/1000","start":2000,"start_time":"2.000000","end":10000,"end_time":"10.000000"}]"#,
        )
        .unwrap();
        let vtt = to_vtt(&chapters(&probed));
        assert_eq!(
            vtt,
            "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nKick-off &amp; &lt;goal&gt;\n\n00:00:02.000 --> 00:00:10.000\nChapter 2\n"
        );
    }
}

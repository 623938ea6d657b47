//! A segment of WebVTT: its header, and when its cues are shown.

/// What is told of a segment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Vtt {
    /// Bytes.
    pub(super) bytes: u64,
    /// Seconds of the media that are second 0 of the cues: X-TIMESTAMP-MAP (rfc8216bis §3.1.4).
    pub(super) map: Option<f64>,
    /// When each cue begins and ends, in seconds.
    pub(super) cues: Vec<(f64, f64)>,
    /// What is wrong with it, as clauses.
    pub(super) faults: Vec<String>,
}

impl Vtt {
    /// Reads a whole segment.
    ///
    /// # Errors
    /// What makes it no WebVTT at all, as a clause.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let is_header = first
            .strip_prefix("WEBVTT")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        if !is_header {
            return Err("does not begin with WEBVTT".to_owned());
        }
        let mut vtt = Self {
            bytes: bytes.len() as u64,
            ..Self::default()
        };
        for line in lines.by_ref().take_while(|line| !line.trim().is_empty()) {
            if let Some(map) = line.strip_prefix("X-TIMESTAMP-MAP=") {
                vtt.map = timestamp_map(map);
                if vtt.map.is_none() {
                    vtt.faults.push(format!("has X-TIMESTAMP-MAP={map}"));
                }
            }
        }
        for line in lines.filter(|line| line.contains("-->")) {
            match cue(line) {
                Some((start, end)) if start < end => vtt.cues.push((start, end)),
                _ => vtt.faults.push(format!("has a cue at {:?}", line.trim())),
            }
        }
        Ok(vtt)
    }
}

/// `MPEGTS:900000,LOCAL:00:00:00.000`, in either order, as an offset in seconds.
fn timestamp_map(text: &str) -> Option<f64> {
    let (mut mpegts, mut local) = (None, None);
    for part in text.trim().split(',') {
        let (name, value) = part.split_once(':')?;
        match name.trim() {
            "MPEGTS" => mpegts = value.trim().parse::<u64>().ok(),
            "LOCAL" => local = seconds(value.trim()),
            _ => return None,
        }
    }
    Some(mpegts? as f64 / 90_000.0 - local?)
}

fn cue(line: &str) -> Option<(f64, f64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    Some((seconds(start.trim())?, seconds(end)?))
}

/// `[HH:]MM:SS.mmm` (WebVTT §4.1, "WebVTT timestamp").
fn seconds(text: &str) -> Option<f64> {
    let (clock, thousandths) = text.split_once('.')?;
    let whole = |text: &str, digits: bool| {
        let is_right = digits && text.bytes().all(|byte| byte.is_ascii_digit());
        is_right.then(|| text.parse::<u32>().ok()).flatten()
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let (hours, minutes, seconds) = match *parts.as_slice() {
        [minutes, seconds] => ("0", minutes, seconds),
        [hours, minutes, seconds] if hours.len() >= 2 => (hours, minutes, seconds),
        _ => return None,
    };
    let minutes = whole(minutes, minutes.len() == 2).filter(|it| *it < 60)?;
    let seconds = whole(seconds, seconds.len() == 2).filter(|it| *it < 60)?;
    let hours = whole(hours, true)?;
    let thousandths = whole(thousandths, thousandths.len() == 3)?;
    let of_hours = f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0;
    Some(of_hours + f64::from(seconds) + f64::from(thousandths) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_8216_is_read() {
        // RFC 8216 §3.5: the header; a cue with settings is of the WebVTT recommendation, §1.
        let vtt = Vtt::read(
            b"\xef\xbb\xbfWEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\n\n\
              a name\n00:01.000 --> 00:04.000 position:10%\nNever drink liquid nitrogen.\n\n\
              100:00:05.500 --> 100:00:09.000\nIt will kill you.\n",
        );
        let vtt = vtt.unwrap();
        assert_eq!(vtt.map, Some(10.0));
        assert_eq!(vtt.cues, [(1.0, 4.0), (360_005.5, 360_009.0)]);
        assert_eq!(vtt.faults, Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert!(Vtt::read(b"1\n00:00:01,000 --> 00:00:02,000\n").is_err());
        assert!(Vtt::read(b"WEBVTTX\n").is_err() && Vtt::read(&[0xff]).is_err());
        for odd in [
            "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000\n\n",
            "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:0,MPEGTS:900000\n\n",
            "WEBVTT\n\n00:00:01,000 --> 00:00:02,000\na\n",
            "WEBVTT\n\n00:03.000 --> 00:02.000\na\n",
            "WEBVTT\n\n00:61.000 --> 00:62.000\na\n",
        ] {
            let vtt = Vtt::read(odd.as_bytes()).unwrap();
            assert_eq!((vtt.faults.len(), vtt.cues.len()), (1, 0), "{odd}");
        }
    }
}

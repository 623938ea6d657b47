//! The ladder: one film in several qualities, for lines of several widths.

use serde::{Deserialize, Serialize};

/// In how many qualities a film is packaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ladder {
    /// As it is.
    #[default]
    Single,
    /// As it is, and in up to four qualities that a player changes between.
    Abr,
}

/// One quality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    /// Its folder: `1080`.
    pub(crate) name: String,
    /// Pixels.
    pub(crate) width: u32,
    /// Pixels.
    pub(crate) height: u32,
    /// Kilobits a second on the average.
    pub(crate) kilobits: u32,
}

/// Name, longer and shorter side of the frame that a picture is fitted into, kilobits a second.
const RUNGS: [(&str, u32, u32, u32); 4] = [
    ("1080", 1920, 1080, 5_000),
    ("720", 1280, 720, 2_800),
    ("480", 854, 480, 1_400),
    ("240", 426, 240, 400),
];

/// The rungs for a picture of this size, none larger than it; a smaller one than all has a rung of its own height.
///
/// A rung is a frame that the picture is fitted into, upright for a portrait: 1920×800 is a picture
/// of rung 1080, and so is 1080×1920.
pub(crate) fn rungs(seen: (u32, u32)) -> Vec<Rung> {
    let (long, short) = (seen.0.max(seen.1), seen.0.min(seen.1));
    let reaches = |rung: &&(&str, u32, u32, u32)| long >= rung.1 || short >= rung.2;
    let rungs: Vec<Rung> = RUNGS
        .iter()
        .filter(reaches)
        .map(|(name, wide, high, kilobits)| {
            let scale = f64::from(*wide) / f64::from(long);
            let scale = scale.min(f64::from(*high) / f64::from(short)).min(1.0);
            rung((*name).to_owned(), seen, scale, *kilobits)
        })
        .collect();
    if !rungs.is_empty() {
        return rungs;
    }
    let [.., (_, _, high, kilobits)] = RUNGS;
    let part = f64::from(short) / f64::from(high);
    let kilobits = (f64::from(kilobits) * part).round().max(64.0) as u32;
    vec![rung(side(short, 1.0).to_string(), seen, 1.0, kilobits)]
}

fn rung(name: String, seen: (u32, u32), scale: f64, kilobits: u32) -> Rung {
    Rung {
        name,
        width: side(seen.0, scale),
        height: side(seen.1, scale),
        kilobits,
    }
}

/// The nearest even number, for 4:2:0 has one colour to two pixels, and not above the film's own.
fn side(own: u32, scale: f64) -> u32 {
    let nearest = (f64::from(own) * scale / 2.0).round() as u32 * 2;
    nearest.min(own / 2 * 2).max(2)
}

/// Whether `folder` is named as a rung is.
pub(crate) fn is_name(folder: &str) -> bool {
    (1..=4).contains(&folder.len()) && folder.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(width: u32, height: u32) -> Vec<(String, u32, u32)> {
        let rungs = rungs((width, height)).into_iter();
        rungs
            .map(|rung| (rung.name, rung.width, rung.height))
            .collect()
    }

    fn expected(sizes: &[(&str, u32, u32)]) -> Vec<(String, u32, u32)> {
        let sizes = sizes.iter();
        sizes
            .map(|(name, width, height)| ((*name).to_owned(), *width, *height))
            .collect()
    }

    #[test]
    fn rungs_are_never_above_the_film() {
        let four = [
            ("1080", 1920, 1080),
            ("720", 1280, 720),
            ("480", 854, 480),
            ("240", 426, 240),
        ];
        assert_eq!(sizes(3840, 2160), expected(&four));
        assert_eq!(sizes(1920, 1080), expected(&four));
        assert_eq!(sizes(1280, 720), expected(&four[1..]));
        assert_eq!(sizes(320, 240), expected(&[("240", 320, 240)]));
        assert_eq!(sizes(320, 180), expected(&[("180", 320, 180)]));
    }

    #[test]
    fn other_shapes_are_fitted_into_the_frame() {
        let scope = [
            ("1080", 1920, 800),
            ("720", 1280, 534),
            ("480", 854, 356),
            ("240", 426, 178),
        ];
        assert_eq!(sizes(1920, 800), expected(&scope));
        let portrait = [
            ("1080", 1080, 1920),
            ("720", 720, 1280),
            ("480", 480, 854),
            ("240", 240, 426),
        ];
        assert_eq!(sizes(1080, 1920), expected(&portrait));
        assert_eq!(
            sizes(640, 480),
            expected(&[("480", 640, 480), ("240", 320, 240)])
        );
    }
}

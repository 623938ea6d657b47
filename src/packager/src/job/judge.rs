//! The packager judges its own work before a player is given any of it: whether every picture that was
//! read is there, whether the playlists say how long it lasts, and whether picture and sound end
//! together. What was copied is compared with what was read of it, what was encoded with what was
//! decoded.

use std::path::Path;

use crate::{
    Error,
    ffmpeg::{
        recipe::{Output, Role},
        remux::Remuxed,
        said::{Counts, Said},
    },
    input::probe::Probe,
    mp4::tally::Span,
    plan::{
        Plan, Treatment,
        refit::{SLACK_SECONDS, Unfit},
    },
};

/// What times may differ by: the longest frame of slow film, with what rounding does to it.
const FRAME_SECONDS: f64 = 0.1;

/// Samples that may be missing at the ends of a sound: what an encoder puts before and after.
const SPARE_SOUNDS: u64 = 5;

/// Pictures before the first key frame that a decoder need not show.
const SPARE_PICTURES: u64 = 10;

/// Pictures in a row without a time of their own.
const FEW_INSTANTS: u64 = 3;

/// Seconds that sound and picture may begin apart without anything in between.
const LATE_SECONDS: f64 = 0.6;

/// One film that has been cut up.
pub(crate) struct Case<'a> {
    pub(crate) path: &'a Path,
    pub(crate) probe: &'a Probe,
    pub(crate) plan: &'a Plan,
    pub(crate) outputs: &'a [Output],
    pub(crate) remuxed: &'a [Remuxed],
    pub(crate) said: &'a Said,
    pub(crate) salvage: bool,
}

/// What is to be told of a film that passes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    /// What is missing of it, when it was salvaged.
    pub(crate) salvaged: Option<String>,
    /// Packets of the packaged streams that are corrupt or have others missing before them.
    pub(crate) corrupt: u64,
}

impl Case<'_> {
    /// Judges the film.
    ///
    /// # Errors
    /// [`Error::Unfit`] when another plan may do; [`Error::Misfit`], [`Error::Damaged`] and
    /// [`Error::Undecodable`] when none does.
    pub(crate) fn judge(&self) -> Result<Verdict, Error> {
        let film = self.film()?;
        self.copies()?;
        self.times(film)?;
        self.begins(film)?;
        let missing = [self.read_whole(), self.whole(film), self.pictures(film)];
        self.rungs(film)?;
        self.sounds(film)?;
        let failed = self.said.has_failed;
        let failed = failed.then(|| format!("ffmpeg failed: {}", self.said.last_words()));
        let mut verdict = Verdict {
            salvaged: failed,
            corrupt: self.corrupt(),
        };
        for missing in missing {
            match missing {
                Err(error) if self.salvage && error.is_damage() => {
                    verdict.salvaged.get_or_insert(error.to_string());
                }
                judged => judged?,
            }
        }
        Ok(verdict)
    }

    fn film(&self) -> Result<Span, Error> {
        let film = self.remuxed.first();
        let picture = film.and_then(|film| film.tally.picture());
        let picture = picture.filter(|picture| picture.samples > 0);
        let mut picture = picture.ok_or_else(|| Error::NoPicture(self.path.to_owned()))?;
        // It was held when it had been counted.
        let held = self.plan.stretch.unwrap_or_default();
        picture.end += held;
        picture.seconds += held;
        Ok(picture)
    }

    fn counts(&self, stream: u32) -> Option<Counts> {
        self.said.counts.get(&stream).copied()
    }

    /// Copied, a corrupt packet can stop a player for good (Chromium with hls.js and Shaka Player does); decoded, it
    /// is a flaw that passes. So is the picture of a film whose sound alone is told to be corrupt: of a picture
    /// whose last packet is cut, a transport stream does not tell.
    fn copies(&self) -> Result<(), Error> {
        if self.corrupt() == 0 {
            return Ok(());
        }
        if self.is_copied() {
            let what = "comes with corrupt packets".to_owned();
            return Err(Error::Unfit(Unfit::Picture(what)));
        }
        let is_corrupt = |stream| self.said.corrupt.contains_key(&stream);
        let mut sounds = self.plan.audio.iter();
        let spoilt =
            sounds.position(|audio| audio.treatment == Treatment::Copy && is_corrupt(audio.index));
        match spoilt {
            Some(number) => {
                let what = "has corrupt packets".to_owned();
                Err(Error::Unfit(Unfit::Sound(number, what)))
            }
            None => Ok(()),
        }
    }

    fn corrupt(&self) -> u64 {
        let sounds = self.plan.audio.iter().map(|audio| audio.index);
        let packaged = std::iter::once(self.plan.video.index).chain(sounds);
        packaged
            .filter_map(|stream| self.said.corrupt.get(&stream))
            .sum()
    }

    fn misfit(&self, what: String) -> Error {
        Error::Misfit {
            path: self.path.to_owned(),
            what,
        }
    }

    fn is_copied(&self) -> bool {
        self.plan.video.treatment == Treatment::Copy
    }

    /// What the playlists say, which is what the samples last, against the clock of the media.
    fn times(&self, film: Span) -> Result<(), Error> {
        if film.instants >= FEW_INSTANTS {
            let what = "has times that run back or stand still";
            return Err(match self.is_copied() {
                true => Error::Unfit(Unfit::Picture(what.to_owned())),
                false => self.misfit(format!(
                    "{} pictures have no time of their own",
                    film.instants
                )),
            });
        }
        let clock = film.end - film.start;
        if (clock - film.seconds).abs() > FRAME_SECONDS {
            let what = format!(
                "its pictures last {:.2} s and its clock says {clock:.2} s",
                film.seconds
            );
            return Err(self.misfit(what));
        }
        Ok(())
    }

    /// A player that finds no picture at the beginning leaves out what is heard there.
    fn begins(&self, film: Span) -> Result<(), Error> {
        let sounds = (0..self.plan.audio.len()).filter_map(|number| self.sound(number));
        let first = sounds.map(|sound| sound.start).fold(film.start, f64::min);
        match film.start - first {
            late if late > LATE_SECONDS && self.plan.lead.is_none() => {
                Err(Error::Unfit(Unfit::Late(late)))
            }
            _ => Ok(()),
        }
    }

    /// Against the boxes of the film.
    fn read_whole(&self) -> Result<(), Error> {
        let missing = self
            .probe
            .container
            .as_ref()
            .map_or(0, |boxes| boxes.missing);
        match missing {
            0 => Ok(()),
            missing => Err(Error::Truncated {
                path: self.path.to_owned(),
                missing,
            }),
        }
    }

    /// Against what the film says of itself, where that can be trusted.
    fn whole(&self, film: Span) -> Result<(), Error> {
        let told = self
            .plan
            .video
            .duration
            .filter(|_| self.probe.is_whole_told());
        match told {
            // A film may end a little before it says, by a frame or by the rest of a second.
            Some(told) if told - film.seconds > (told * 0.02).max(2.0) => Err(Error::Damaged {
                path: self.path.to_owned(),
                told,
                read: film.seconds,
            }),
            _ => Ok(()),
        }
    }

    /// Against what ffmpeg has read and decoded.
    fn pictures(&self, film: Span) -> Result<(), Error> {
        let Some(counts) = self.counts(self.plan.video.index) else {
            return Ok(());
        };
        let expected = match counts.frames {
            Some(decoded) => decoded,
            // Those before the first key frame show nothing.
            None => {
                counts.packets
                    - self
                        .probe
                        .before_key(self.plan.video.index)
                        .min(counts.packets)
            }
        };
        let is_held = self.plan.hold.is_some() || self.plan.lead.is_some();
        if film.samples < expected || film.samples > expected && !is_held {
            let what = format!("{} pictures were packaged of {expected}", film.samples);
            return Err(self.misfit(what));
        }
        let lost = counts
            .packets
            .saturating_sub(counts.frames.unwrap_or(counts.packets));
        let spare = SPARE_PICTURES.max(counts.packets / 100);
        if lost > spare
            && self.said.has_complaints()
            && self.probe.is_frame_by_frame(self.plan.video.index)
        {
            return Err(Error::Undecodable {
                path: self.path.to_owned(),
                read: counts.packets,
                decoded: counts.packets - lost,
            });
        }
        Ok(())
    }

    /// All qualities show the same.
    fn rungs(&self, film: Span) -> Result<(), Error> {
        for (output, remuxed) in self.outputs.iter().zip(self.remuxed) {
            let Role::Rung(_) = output.role else {
                continue;
            };
            let rung = remuxed.tally.picture().unwrap_or_default();
            let is_same = rung.samples == film.samples || self.is_copied();
            if !is_same || (rung.end - film.end).abs() > SLACK_SECONDS {
                let what = format!(
                    "the quality {} has {} pictures until {:.2} s, and the film {} until {:.2} s",
                    output.folder, rung.samples, rung.end, film.samples, film.end
                );
                return Err(self.misfit(what));
            }
        }
        Ok(())
    }

    /// Each sound is whole, begins with the picture and ends with it.
    fn sounds(&self, film: Span) -> Result<(), Error> {
        let is_muxed = self.plan.is_muxed();
        let mut ends = Vec::new();
        for number in 0..self.plan.audio.len() {
            let sound = self.sound(number).unwrap_or_default();
            self.sound_is_right(number, sound, film)?;
            ends.push(sound.end);
        }
        // A segment of picture alone among those with sound is one that no player comes to the end of.
        let last_cut = self.remuxed.first().map_or(0.0, |film| film.last_cut);
        let least = if is_muxed {
            last_cut + FRAME_SECONDS
        } else {
            0.0
        };
        let is_right = |end: &f64| {
            let apart = (film.end - end).abs();
            apart <= SLACK_SECONDS && *end >= least.min(film.end)
        };
        if ends.iter().all(is_right) {
            return Ok(());
        }
        Err(Error::Unfit(Unfit::Ends {
            picture: film.end,
            sounds: ends,
            least,
        }))
    }

    fn sound(&self, number: usize) -> Option<Span> {
        let all = self.outputs.iter().zip(self.remuxed);
        let mut apart = all.filter(|(output, _)| output.role == Role::Sound(number));
        let muxed = self.remuxed.first().filter(|_| self.plan.is_muxed());
        let remuxed = muxed.or_else(|| apart.next().map(|(_, remuxed)| remuxed))?;
        remuxed.tally.sound().filter(|sound| sound.samples > 0)
    }

    fn sound_is_right(&self, number: usize, sound: Span, film: Span) -> Result<(), Error> {
        let Some(audio) = self.plan.audio.get(number) else {
            return Ok(());
        };
        if audio.is_filled {
            return Ok(());
        }
        let unfit = |reason: String| Err(Error::Unfit(Unfit::Sound(number, reason)));
        if let Some(at) = sound.hole {
            return unfit(format!("has a hole at {at:.1} s"));
        }
        let late = sound.start - film.start;
        if sound.samples > 0 && late > LATE_SECONDS {
            return unfit(format!("begins {late:.1} s after the picture"));
        }
        if audio.treatment != Treatment::Copy {
            return Ok(());
        }
        let read = self
            .counts(audio.index)
            .map_or(sound.samples, |counts| counts.packets);
        let missing = read.saturating_sub(sound.samples);
        if missing > SPARE_SOUNDS.max(read / 100) {
            return unfit(format!(
                "lost {missing} of {read} packets when it was copied"
            ));
        }
        Ok(())
    }
}

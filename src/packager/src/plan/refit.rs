//! A plan that does not do, found while it was carried out, and the one that takes its place: where a
//! copy cannot be right, the stream is encoded.

use crate::plan::{ENCODED_CHANNELS, Plan, Treatment};

/// What a stream may end before another without anybody taking notice, in seconds.
pub(crate) const SLACK_SECONDS: f64 = 0.5;

/// Its reason, as a clause.
const LONG_FRAGMENT: &str = "has no key frame for longer than can be copied";

/// Why a plan does not do for a film. Reasons are clauses, as of `Treatment::Encode`.
#[derive(Clone, Debug, PartialEq)]
pub enum Unfit {
    /// The picture cannot be copied.
    Picture(String),
    /// The sound of this number cannot be copied.
    Sound(usize, String),
    /// A stretch without a key frame is longer than ffmpeg can write into a pipe.
    LongFragment,
    /// The picture begins so many seconds after the sound.
    Late(f64),
    /// Nothing can be copied, for ffmpeg cannot make a stream of it.
    Nothing(String),
    /// The stream of this number in the film can be neither copied nor decoded.
    Undecodable(u32),
    /// Picture and sounds do not end together: seconds until each ends.
    Ends {
        /// Of the picture.
        picture: f64,
        /// Of each sound.
        sounds: Vec<f64>,
        /// When a sound must not have ended yet.
        least: f64,
    },
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Picture(reason) => write!(f, "the picture {reason}"),
            Self::Sound(_, reason) => write!(f, "the sound {reason}"),
            Self::Late(seconds) => write!(f, "the picture begins {seconds:.1} s after the sound"),
            Self::LongFragment => write!(f, "the picture {LONG_FRAGMENT}"),
            Self::Nothing(reason) => write!(f, "ffmpeg cannot: {reason}"),
            Self::Undecodable(stream) => write!(f, "stream {stream} is of an unknown codec"),
            Self::Ends {
                picture, sounds, ..
            } => {
                let sounds: Vec<String> = sounds.iter().map(|end| format!("{end:.1} s")).collect();
                let sounds = sounds.join(", ");
                write!(
                    f,
                    "the picture ends at {picture:.1} s and the sound at {sounds}"
                )
            }
        }
    }
}

impl Plan {
    /// The plan that heeds `unfit`; `None` when there is none, or when none was wished.
    pub(crate) fn refit(&self, unfit: &Unfit) -> Option<Self> {
        let mut plan = self.clone();
        match unfit {
            Unfit::Picture(reason) => plan.encode_picture(reason),
            Unfit::Sound(number, reason) => plan.encode_sound(*number, reason),
            Unfit::Late(seconds) => {
                plan.lead = Some(*seconds);
                let reason = format!("begins {seconds:.1} s after the sound, and is shown before");
                plan.encode_picture(&reason);
            }
            // An encoded picture has key frames, but none where it has ended before its sound.
            Unfit::LongFragment if plan.video.treatment != Treatment::Copy => {
                plan.sounds_apart = true;
            }
            Unfit::LongFragment => plan.encode_picture(LONG_FRAGMENT),
            Unfit::Nothing(reason) => {
                let reason = format!("cannot be copied ({reason})");
                plan.encode_picture(&reason);
                (0..plan.audio.len()).for_each(|number| plan.encode_sound(number, &reason));
            }
            Unfit::Undecodable(stream) => plan.leave_out(*stream)?,
            Unfit::Ends {
                picture,
                sounds,
                least,
            } => plan.end_together(*picture, sounds, *least),
        }
        let is_new = plan != *self;
        let encodes_more = plan.encoded_streams() > self.encoded_streams();
        (is_new && !(self.copy_only && encodes_more)).then_some(plan)
    }

    /// Encodes what ends apart from the picture, or the picture: a player waits for a stream that has
    /// ended, and one whose segments lack a sound never ends.
    fn end_together(&mut self, picture: f64, sounds: &[f64], least: f64) {
        let longest = sounds.iter().copied().fold(picture, f64::max);
        let excess = longest - picture;
        // The qualities of a ladder come out of ffmpeg beside each other, and are held there.
        let can_stretch = self.rungs.is_empty();
        if excess > SLACK_SECONDS && can_stretch && excess <= self.segment_seconds {
            self.stretch = Some(excess);
        } else if excess > SLACK_SECONDS {
            self.hold = Some(excess + self.hold.unwrap_or_default());
            let reason = format!("ends {excess:.1} s before the sound, and is held");
            self.encode_picture(&reason);
        }
        let is_held = self.hold.is_some() || self.stretch.is_some();
        let end = if is_held { longest } else { picture };
        for (number, sound) in sounds.iter().enumerate() {
            let lacks = end - sound;
            if lacks > SLACK_SECONDS || *sound < least {
                self.pad = Some(end);
                let reason =
                    format!("ends {lacks:.1} s before the picture, and goes on in silence");
                self.encode_sound(number, &reason);
            }
        }
    }

    fn encode_picture(&mut self, reason: &str) {
        if self.video.treatment == Treatment::Copy {
            self.video.treatment = Treatment::Encode(reason.to_owned());
        }
        self.long_gap = None;
    }

    fn encode_sound(&mut self, number: usize, reason: &str) {
        let Some(sound) = self.audio.get_mut(number) else {
            return;
        };
        sound.is_filled = true;
        if sound.treatment == Treatment::Copy {
            sound.treatment = Treatment::Encode(reason.to_owned());
            sound.channels = ENCODED_CHANNELS;
        }
    }

    /// `None` when the stream is the picture.
    fn leave_out(&mut self, stream: u32) -> Option<()> {
        let place = self.audio.iter().position(|sound| sound.index == stream)?;
        let gone = self.audio.remove(place);
        if gone.is_default
            && let Some(first) = self.audio.first_mut()
        {
            first.is_default = true;
        }
        let named = format!("audio stream {stream} (of a codec that ffmpeg cannot decode)");
        self.left_out.push(named);
        Some(())
    }

    fn encoded_streams(&self) -> usize {
        let sounds = self.audio.iter().map(|sound| &sound.treatment);
        let all = sounds.chain([&self.video.treatment]);
        all.filter(|treatment| **treatment != Treatment::Copy)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::film;

    fn ends(picture: f64, sounds: &[f64]) -> Plan {
        let sounds = sounds.to_vec();
        let plan = film(u32::try_from(sounds.len()).unwrap());
        let least = 0.0;
        plan.refit(&Unfit::Ends {
            picture,
            sounds,
            least,
        })
        .unwrap()
    }

    #[test]
    fn a_short_sound_goes_on_in_silence() {
        let plan = ends(13.0, &[11.8]);
        assert_eq!((plan.pad, plan.hold), (Some(13.0), None));
        assert_eq!(plan.video.treatment, Treatment::Copy);
        let reason = "ends 1.2 s before the picture, and goes on in silence";
        assert_eq!(plan.audio[0].treatment, Treatment::Encode(reason.into()));
    }

    #[test]
    fn the_last_picture_is_held_under_a_long_sound() {
        let plan = ends(12.0, &[15.0]);
        assert_eq!((plan.stretch, plan.hold), (Some(3.0), None));
        assert_eq!(plan.video.treatment, Treatment::Copy);
        let plan = ends(12.0, &[130.0]);
        assert_eq!(plan.hold, Some(118.0));
        let reason = "ends 118.0 s before the sound, and is held";
        assert_eq!(plan.video.treatment, Treatment::Encode(reason.into()));
        assert_eq!(plan.audio[0].treatment, Treatment::Copy);
    }

    #[test]
    fn who_wants_a_copy_gets_one_or_none() {
        let mut plan = film(1);
        plan.copy_only = true;
        assert_eq!(plan.refit(&Unfit::Picture("has no times".into())), None);
        assert!(plan.refit(&Unfit::Undecodable(1)).is_some());
        assert_eq!(plan.refit(&Unfit::Undecodable(0)), None);
    }
}

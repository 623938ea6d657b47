//! What a presentation must have for a rule to say anything of it.

use crate::{
    init::Kind,
    presentation::{Presentation, Role},
    rules::entries,
};

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// What every presentation has.
    Nothing,
    /// Fragmented MP4, which alone is read here.
    Fragments,
    /// Fragments of a picture.
    Picture,
    /// A variant that is not sound alone.
    Variant,
    /// Playlists of I-frames.
    IFrames,
    /// Fragments of I-frames.
    IFragments,
    /// EXT-X-MEDIA.
    Renditions,
    /// Subtitles.
    Subtitles,
    /// Picture and sound.
    Both,
}

impl Needs {
    /// Why the rule does not apply, where it does not.
    pub(super) fn unmet(self, presentation: &Presentation) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Fragments => no_fragments(presentation),
            Self::Picture => no_fragments(presentation).or_else(|| no_picture(presentation)),
            Self::Variant => entries::no_picture(presentation),
            Self::IFrames => no_role(presentation, Role::IFrames, "there are no I-frames"),
            Self::IFragments => Self::IFrames
                .unmet(presentation)
                .or_else(|| no_fragments(presentation)),
            Self::Renditions => {
                let is_empty = presentation.master.alternatives.is_empty();
                is_empty.then_some("there is no EXT-X-MEDIA")
            }
            Self::Subtitles => no_role(presentation, Role::Subtitles, "there are no subtitles"),
            Self::Both => Self::Picture
                .unmet(presentation)
                .or_else(|| no_kind(presentation, Kind::Audio, "there is no sound")),
        }
    }
}

fn no_role(presentation: &Presentation, role: Role, why: &'static str) -> Option<&'static str> {
    let is_there = presentation.of_role(role).next().is_some();
    (!is_there).then_some(why)
}

fn no_fragments(presentation: &Presentation) -> Option<&'static str> {
    (!presentation.has_fragments()).then_some("of what is no fragmented MP4 nothing is read")
}

fn no_picture(presentation: &Presentation) -> Option<&'static str> {
    no_kind(presentation, Kind::Video, "there is no picture")
}

fn no_kind(presentation: &Presentation, kind: Kind, why: &'static str) -> Option<&'static str> {
    let mut inits = presentation.inits.values().filter_map(|init| init.it());
    let is_there = inits.any(|init| init.first(kind).is_some());
    (!is_there).then_some(why)
}

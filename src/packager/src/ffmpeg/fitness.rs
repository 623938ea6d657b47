//! Whether what ffmpeg writes can be played as it is: its heads, and the fragments of a copied picture.

use crate::{
    Error,
    mp4::{codecs, cutter, fragments::Fragment},
    plan::{Plan, far_apart, refit::Unfit},
};

/// So many times as long as wished may a segment be whose groups of pictures lean on each other.
const MOST_JOINED: f64 = 4.0;

/// Whether what the init section says can be played as it is.
///
/// # Errors
/// [`Error::Unfit`] when it cannot.
pub(crate) fn of_init(init: &[u8], copies: bool, sound: usize) -> Result<(), Error> {
    let unplayable = codecs::unplayable(init)?;
    if let Some(reason) = unplayable.picture.filter(|_| copies) {
        return Err(Error::Unfit(Unfit::Picture(reason.to_owned())));
    }
    match unplayable.sound {
        Some(reason) => Err(Error::Unfit(Unfit::Sound(sound, reason.to_owned()))),
        None => Ok(()),
    }
}

/// Whether a fragment of a copied picture, behind a segment that lasts so long, can stay as it is.
///
/// # Errors
/// [`Error::Unfit`] when it cannot.
pub(crate) fn of_copy(
    plan: &Plan,
    fragment: &Fragment,
    held: f64,
    is_first: bool,
) -> Result<(), Error> {
    let longest = cutter::longest(plan.segment_seconds);
    let unfit = |reason: String| Err(Error::Unfit(Unfit::Picture(reason)));
    let strict = plan.strict;
    if strict && fragment.seconds > longest {
        return unfit(far_apart(fragment.seconds));
    }
    if fragment.look.is_some_and(|look| look.is_another) {
        return unfit("changes its size or form on the way".to_owned());
    }
    if is_first || !fragment.is_joined() {
        return Ok(());
    }
    let together = held + fragment.seconds;
    if strict && together > longest {
        return unfit("has open groups of pictures".to_owned());
    }
    // It would be a segment that nobody can wait for, or hold in memory.
    if together > longest * MOST_JOINED {
        return unfit(format!(
            "has open groups of pictures, and none closed for {together:.0} s"
        ));
    }
    Ok(())
}

//! A picture that a decoder cannot start at, marked as such: ffmpeg says of every recovery point that it
//! is one, and a player that seeks to it in vain stops (ISO/IEC 14496-12 §8.8.3.1).

use std::ops::Range;

use mp4_atom::FourCC;

use crate::mp4::boxes::{child, children, number};

/// `sample_depends_on` others, and `sample_is_non_sync_sample`.
const DEPENDENT: [u8; 4] = [0x01, 0x01, 0x00, 0x00];

/// Fields of a `trun` that its flags announce, in their order.
const DATA_OFFSET: u32 = 0x1;
const FIRST_FLAGS: u32 = 0x4;
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;
const FLAGS: u32 = 0x400;

/// Says of the first sample of `track` in `moof`, one whole box, that it needs others. What has no such
/// place is left alone.
pub(crate) fn not_a_start(moof: &mut [u8], track: u32) {
    if let Some(place) = flags_of_first(moof, track)
        && let Some(flags) = moof.get_mut(place)
    {
        flags.copy_from_slice(&DEPENDENT);
    }
}

fn flags_of_first(moof: &[u8], track: u32) -> Option<Range<usize>> {
    let body = child(moof, 0..moof.len(), FourCC::new(b"moof"))?;
    let runs = children(moof, body).filter(|(kind, _)| *kind == FourCC::new(b"traf"));
    let is_its = |traf: &Range<usize>| {
        let tfhd = child(moof, traf.clone(), FourCC::new(b"tfhd"));
        tfhd.and_then(|tfhd| number(moof, tfhd.start + 4)) == Some(track)
    };
    let mut runs = runs.map(|(_, traf)| traf);
    let traf = runs.find(is_its)?;
    let trun = child(moof, traf, FourCC::new(b"trun"))?;
    let told = number(moof, trun.start)?;
    let width = |field: u32| if told & field == 0 { 0 } else { 4 };
    // Behind version and flags, and the count.
    let fields = trun.start + 8 + width(DATA_OFFSET);
    let place = match told & (FIRST_FLAGS | FLAGS) {
        0 => return None,
        flags if flags & FIRST_FLAGS != 0 => fields,
        _ => fields + width(DURATION) + width(SIZE),
    };
    Some(place..place + 4)
}

#[cfg(test)]
mod tests {
    use mp4_atom::{Decode as _, Moof};

    use super::*;

    #[test]
    fn the_first_sample_is_no_start_any_more() {
        // Three fragments by ffmpeg 5.1.9.
        let film = include_bytes!("samples/fragmented.mp4");
        let mut boxes = children(film, 0..film.len());
        let (_, body) = boxes
            .find(|(kind, _)| *kind == FourCC::new(b"moof"))
            .unwrap();
        let mut moof = film[body.start - 8..body.end].to_vec();
        let flags = |moof: &[u8]| {
            let moof = Moof::decode(&mut &moof[..]).unwrap();
            moof.traf[0].trun[0].samples.get(0).unwrap().flags
        };
        assert_eq!(flags(&moof), Some(0x0200_0000));
        not_a_start(&mut moof, 2);
        assert_eq!(flags(&moof), Some(0x0200_0000));
        not_a_start(&mut moof, 1);
        assert_eq!(flags(&moof), Some(0x0101_0000));
    }
}

//! One key frame by itself: a fragment of a single sample, so that a decoder reads a hundredth of
//! the film.

use bytes::{BufMut as _, Bytes};
use mp4_atom::{Decode as _, Encode as _, Moof, Traf, Trun};

use crate::mp4::fragments::Fragment;

/// Flags of a sample that a decoder can start at (ISO/IEC 14496-12 §8.8.3.1: it depends on no other).
const KEY_SAMPLE: u32 = 0x0200_0000;

/// Bytes of the header of an `mdat`.
const HEADER_BYTES: usize = 8;

/// The key frame that `fragment` begins with; `None` when it cannot be taken out.
pub(crate) fn alone(fragment: &Fragment) -> Option<Bytes> {
    let boxes = fragment.content.get(fragment.key_frame.clone()?)?;
    let moof = Moof::decode(&mut &boxes[..]).ok()?;
    let offset = |traf: &Traf| usize::try_from(traf.trun.first()?.data_offset?).ok();
    // The sample of a sound stands behind it.
    let picture = |traf: &&Traf| offset(traf).is_some_and(|offset| offset < boxes.len());
    let traf = moof.traf.iter().find(picture)?;
    let sample = boxes.get(offset(traf)?..)?;
    let mut entry = traf.trun.first()?.samples.get(0)?;
    entry.size = Some(u32::try_from(sample.len()).ok()?);
    entry.duration = entry.duration.or(Some(1));
    entry.flags = Some(KEY_SAMPLE);
    let fragment = |offset: usize| {
        let run = Trun {
            data_offset: i32::try_from(offset).ok(),
            samples: vec![entry].into(),
        };
        Moof {
            mfhd: moof.mfhd.clone(),
            traf: vec![Traf {
                trun: vec![run],
                ..traf.clone()
            }],
        }
    };
    let written = |moof: &Moof| {
        let mut out = Vec::new();
        moof.encode(&mut out).ok().map(|()| out)
    };
    // Its length does not depend on the number in it.
    let before = written(&fragment(0))?.len() + HEADER_BYTES;
    let mut out = written(&fragment(before))?;
    out.put_u32(u32::try_from(sample.len() + HEADER_BYTES).ok()?);
    out.put_slice(b"mdat");
    out.put_slice(sample);
    Some(out.into())
}

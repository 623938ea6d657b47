//! The last picture of a film, held a little longer: its sample is told to last so, and nothing has to
//! be encoded (ISO/IEC 14496-12 §8.8.8).

use bytes::{BufMut as _, Bytes, BytesMut};
use mp4_atom::{Decode as _, Encode as _, FourCC, Moof, TrunEntry};

use crate::mp4::boxes::children;

/// `content`, one fragment, with the last sample of `track` lasting `ticks` longer, and by how many
/// bytes its `moof` has grown; `None` when it cannot be done.
pub(crate) fn last_sample(content: &[u8], track: u32, ticks: u32) -> Option<(Bytes, usize)> {
    let mut boxes = children(content, 0..content.len());
    let (_, body) = boxes.find(|(kind, _)| *kind == FourCC::new(b"moof"))?;
    let (start, end) = (body.start.checked_sub(8)?, body.end);
    let mut moof = Moof::decode(&mut content.get(start..end)?).ok()?;
    let traf = moof
        .traf
        .iter_mut()
        .find(|traf| traf.tfhd.track_id == track)?;
    let default = traf.tfhd.default_sample_duration;
    let run = traf.trun.last_mut()?;
    let mut entries: Vec<TrunEntry> = run.samples.iter().collect();
    // All of a run say it, or none.
    for entry in &mut entries {
        entry.duration = Some(entry.duration.or(default)?);
    }
    let last = entries.last_mut()?;
    last.duration = last.duration?.checked_add(ticks);
    run.samples = entries.into();
    let grown = written(&moof)?.len().checked_sub(end - start)?;
    // What lies behind moves by as much.
    for run in moof.traf.iter_mut().flat_map(|traf| &mut traf.trun) {
        run.data_offset = Some(run.data_offset? + i32::try_from(grown).ok()?);
    }
    let mut out = BytesMut::with_capacity(content.len() + grown);
    out.put_slice(content.get(..start)?);
    out.put_slice(&written(&moof)?);
    out.put_slice(content.get(end..)?);
    Some((out.freeze(), grown))
}

fn written(moof: &Moof) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    moof.encode(&mut out).ok().map(|()| out)
}

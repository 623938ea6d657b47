//! Dynamic range of a picture, by its transfer function.

use std::fmt;

use mp4_atom::{Avcc, Codec, Colr, Hvcc};
use scuffle_h264::Sps;
use scuffle_h265::SpsNALUnit;

/// `nal_unit_type` of a sequence parameter set (ITU-T H.265, table 7-1).
const H265_SPS: u8 = 33;

/// What VIDEO-RANGE may be (rfc8216bis §4.4.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VideoRange {
    /// BT.709 and its like.
    Sdr,
    /// BT.2100 with hybrid log-gamma.
    Hlg,
    /// BT.2100 with perceptual quantisation.
    Pq,
}

impl VideoRange {
    /// `TransferCharacteristics` of ITU-T H.273, table 3; 2 is "unspecified".
    fn of_transfer(transfer: u16) -> Option<Self> {
        match transfer {
            0 | 2 | 3 => None,
            16 => Some(Self::Pq),
            18 => Some(Self::Hlg),
            _ => Some(Self::Sdr),
        }
    }

    /// As the box `colr` says.
    pub(super) fn of_box(codec: &Codec) -> Option<Self> {
        let colr = match codec {
            Codec::Avc1(avc) => avc.colr.as_ref(),
            Codec::Avc3(avc) => avc.colr.as_ref(),
            Codec::Hvc1(hevc) => hevc.colr.as_ref(),
            Codec::Hev1(hevc) => hevc.colr.as_ref(),
            _ => None,
        };
        match colr? {
            Colr::Nclx {
                transfer_characteristics,
                ..
            }
            | Colr::Nclc {
                transfer_characteristics,
                ..
            } => Self::of_transfer(*transfer_characteristics),
            _ => None,
        }
    }

    /// As the parameter sets say.
    pub(super) fn of_h264(avcc: &Avcc) -> Option<Self> {
        let sps = avcc.sequence_parameter_sets.first()?;
        let sps = Sps::parse_with_emulation_prevention(sps.as_slice()).ok()?;
        Self::of_transfer(u16::from(sps.color_config?.transfer_characteristics))
    }

    /// As the parameter sets say.
    pub(super) fn of_h265(hvcc: &Hvcc) -> Option<Self> {
        let mut sets = hvcc.arrays.iter();
        let sps = sets
            .find(|it| it.nal_unit_type == H265_SPS)?
            .nalus
            .first()?;
        let sps = SpsNALUnit::parse(sps.as_slice()).ok()?;
        let vui = sps.rbsp.vui_parameters?;
        Self::of_transfer(u16::from(vui.video_signal_type.transfer_characteristics))
    }
}

impl fmt::Display for VideoRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sdr => "SDR",
            Self::Hlg => "HLG",
            Self::Pq => "PQ",
        })
    }
}

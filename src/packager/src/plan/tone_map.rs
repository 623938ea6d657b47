//! Light of a range that browsers do not show: made that of every screen, never passed on under its old
//! name in 8 bits.

use std::fmt;

use crate::input::probe::Stream;

/// The ranges of ITU-R BT.2100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToneMap {
    /// Hybrid log-gamma: iPhones, broadcasters.
    Hlg,
    /// Perceptual quantisation: HDR10.
    Pq,
}

impl ToneMap {
    /// What has to be done to this picture; `None` for most.
    pub(crate) fn of(picture: &Stream) -> Option<Self> {
        match picture.color_transfer.as_deref()? {
            "arib-std-b67" => Some(Self::Hlg),
            "smpte2084" => Some(Self::Pq),
            _ => None,
        }
    }

    /// The filter: to light as it is, into the colours of BT.709, and bright parts pressed together.
    pub(crate) fn filter(self) -> String {
        let transfer = match self {
            Self::Hlg => "arib-std-b67",
            Self::Pq => "smpte2084",
        };
        format!(
            "zscale=tin={transfer}:min=bt2020nc:pin=bt2020:t=linear:npl=100,format=gbrpf32le,\
             zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
        )
    }
}

impl fmt::Display for ToneMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hlg => "HLG",
            Self::Pq => "PQ",
        })
    }
}

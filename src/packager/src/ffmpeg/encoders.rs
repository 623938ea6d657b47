//! Who encodes: x264, or a machine's own H.264 encoder where ffmpeg can use it, which only trying tells.

use std::{num::NonZeroU32, process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

use crate::ffmpeg::remux::last_words;

/// Where Linux has the first graphics card.
const RENDER_NODE: &str = "/dev/dri/renderD128";

/// Time for a single frame: drivers are loaded, and some ask the network.
const TRIAL: Duration = Duration::from_secs(20);

/// A small black picture without an end.
const BLACK: &str = "color=black:size=640x360:rate=25";

/// An encoder of H.264.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoder {
    /// x264: the same film becomes the same bytes on every machine.
    #[default]
    Software,
    /// Intel and AMD on Linux.
    Vaapi,
    /// NVIDIA.
    Nvenc,
    /// Intel Quick Sync.
    Qsv,
    /// Apple.
    VideoToolbox,
}

/// How pictures are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// By whom.
    pub encoder: Encoder,
    /// Threads of x264 for each rung of a ladder; `None` for one, which is repeatable.
    pub threads: Option<NonZeroU32>,
}

/// How many bits a picture may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// As many as it needs to look like the original.
    Quality,
    /// So many thousands a second on the average.
    Kilobits(u32),
}

/// Those that are tried, the fastest first.
const TRIED: [Encoder; 4] = [
    Encoder::VideoToolbox,
    Encoder::Nvenc,
    Encoder::Qsv,
    Encoder::Vaapi,
];

impl Encoder {
    /// The one that is `wished`, or with `None` the first of this machine that works. Where it does not
    /// work, x264, and why.
    pub async fn find(wished: Option<Self>) -> (Self, Option<String>) {
        let Some(wished) = wished else {
            for encoder in TRIED {
                if encoder.works().await.is_ok() {
                    return (encoder, None);
                }
            }
            let note = "this machine has no encoder of its own that works; x264 encodes";
            return (Self::Software, Some(note.to_owned()));
        };
        if wished == Self::Software {
            return (wished, None);
        }
        match wished.works().await {
            Ok(()) => (wished, None),
            Err(why) => {
                let name = wished.name();
                let note = format!("{name} does not work here, so x264 encodes: {why}");
                (Self::Software, Some(note))
            }
        }
    }

    /// Encodes a frame with it.
    async fn works(self) -> Result<(), String> {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-hide_banner", "-loglevel", "error"]);
        command.args(["-f", "lavfi", "-i", BLACK, "-frames:v", "1"]);
        command.args(self.device());
        command.args(["-vf", &format!("null{}", self.filter())]);
        command.args(self.arguments(Rate::Kilobits(500)));
        command.args(["-f", "null", "-"]);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let ended = timeout(TRIAL, command.output()).await;
        let ended = ended.map_err(|_| format!("no frame in {} s", TRIAL.as_secs()))?;
        let ended = ended.map_err(|error| error.to_string())?;
        match ended.status.success() {
            true => Ok(()),
            false => Err(last_words(&String::from_utf8_lossy(&ended.stderr))),
        }
    }

    /// What ffmpeg calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Software => "libx264",
            Self::Vaapi => "h264_vaapi",
            Self::Nvenc => "h264_nvenc",
            Self::Qsv => "h264_qsv",
            Self::VideoToolbox => "h264_videotoolbox",
        }
    }

    /// Options that stand once on the command line.
    pub(crate) fn device(self) -> Vec<String> {
        match self {
            Self::Vaapi => ["-vaapi_device", RENDER_NODE].map(str::to_owned).into(),
            _ => Vec::new(),
        }
    }

    /// What is behind all other filters: where the picture has to be.
    pub(crate) fn filter(self) -> &'static str {
        match self {
            Self::Vaapi => ",format=nv12,hwupload",
            _ => "",
        }
    }

    /// Codec, profile and rate.
    pub(crate) fn arguments(self, rate: Rate) -> Vec<String> {
        // Without pictures that are shown before one they need, a key frame is always a clean start.
        let codec = match self {
            Self::Software => "-preset medium -profile:v high -pix_fmt yuv420p -sc_threshold 0",
            Self::Vaapi => "-profile:v high -bf 0 -g 1000",
            Self::Nvenc => {
                "-preset p5 -profile:v high -pix_fmt yuv420p -forced-idr 1 -no-scenecut 1 -bf 0 -g 1000"
            }
            Self::Qsv => "-preset medium -profile:v high -pix_fmt nv12 -forced_idr 1 -bf 0 -g 1000",
            Self::VideoToolbox => "-profile:v high -pix_fmt yuv420p -bf 0 -g 1000",
        };
        let rate = match (rate, self) {
            // A peak of a tenth above, and a buffer of a second and a half: lines are as wide as they are.
            (Rate::Kilobits(average), _) => {
                let (peak, buffer) = (average * 11 / 10, average * 3 / 2);
                format!("-b:v {average}k -maxrate {peak}k -bufsize {buffer}k")
            }
            // Without a limit to the rate, which many threads do not keep to twice in the same way.
            (Rate::Quality, Self::Software) => "-crf 21".to_owned(),
            (Rate::Quality, Self::Vaapi) => "-rc_mode CQP -qp 21".to_owned(),
            (Rate::Quality, Self::Nvenc) => "-rc vbr -cq 21 -b:v 0".to_owned(),
            (Rate::Quality, Self::Qsv) => "-global_quality 21".to_owned(),
            (Rate::Quality, Self::VideoToolbox) => "-q:v 65".to_owned(),
        };
        let words = ["-c:v", self.name()].into_iter();
        let words = words.chain(codec.split(' ')).chain(rate.split(' '));
        words.map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_work_gives_way_to_x264_and_says_so() {
        // No ffmpeg has both: NVIDIA's is for Linux and Windows, Apple's for its own systems.
        let (vt, vt_note) = Encoder::find(Some(Encoder::VideoToolbox)).await;
        let (nvenc, nvenc_note) = Encoder::find(Some(Encoder::Nvenc)).await;
        let gave_way = [(vt, vt_note), (nvenc, nvenc_note)]
            .into_iter()
            .filter(|(encoder, _)| *encoder == Encoder::Software);
        let notes: Vec<String> = gave_way.filter_map(|(_, note)| note).collect();
        assert!(!notes.is_empty());
        assert!(
            notes.iter().all(|note| note.contains("x264 encodes: ")),
            "{notes:?}"
        );
        let found = Encoder::find(Some(Encoder::Software)).await;
        assert_eq!(found, (Encoder::Software, None));
    }

    #[tokio::test]
    async fn x264_passes_the_trial_that_others_have_to() {
        assert_eq!(Encoder::Software.works().await, Ok(()));
    }
}

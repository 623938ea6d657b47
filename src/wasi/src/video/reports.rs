//! What Stream says about a copy, into words of a seam and back.
//!
//! The catalog is told it and the transcoder tells it, and each of the two has words of its own, so that neither
//! package needs the other.

use super::errors::BadWords;
use super::{catalog_types, transcoder_types};
use reelgate_core::video::{Failure, Label, Progress, Report, StreamUid, Via, VideoId};

/// Conversions to and from the `report`, `label` and `failure` of one package.
macro_rules! conversions {
    ($types:ident) => {
        impl From<&Report> for $types::Report {
            fn from(report: &Report) -> Self {
                Self {
                    uid: report.uid.to_string(),
                    label: report.label.as_ref().map($types::Label::from),
                    progress: match report.progress {
                        Progress::Encoding => $types::Progress::Encoding,
                        Progress::Ready => $types::Progress::Ready,
                        Progress::Failed => $types::Progress::Failed,
                    },
                    pct_complete: report.pct_complete,
                    failure: report.failure.as_ref().map($types::Failure::from),
                    duration_seconds: report.duration_seconds,
                    hls_url: report.hls_url.clone(),
                    dash_url: report.dash_url.clone(),
                    thumbnail_url: report.thumbnail_url.clone(),
                }
            }
        }

        impl TryFrom<$types::Report> for Report {
            type Error = BadWords;

            fn try_from(report: $types::Report) -> Result<Self, BadWords> {
                Ok(Self {
                    uid: StreamUid::new(&report.uid)?,
                    label: report.label.map(Label::try_from).transpose()?,
                    progress: match report.progress {
                        $types::Progress::Encoding => Progress::Encoding,
                        $types::Progress::Ready => Progress::Ready,
                        $types::Progress::Failed => Progress::Failed,
                    },
                    pct_complete: report.pct_complete,
                    failure: report.failure.map(Failure::from),
                    duration_seconds: report.duration_seconds,
                    hls_url: report.hls_url,
                    dash_url: report.dash_url,
                    thumbnail_url: report.thumbnail_url,
                })
            }
        }

        impl From<&Label> for $types::Label {
            fn from(label: &Label) -> Self {
                Self {
                    id: label.id.to_string(),
                    attempt: label.attempt,
                    nonce: label.nonce.clone(),
                }
            }
        }

        impl TryFrom<$types::Label> for Label {
            type Error = BadWords;

            fn try_from(label: $types::Label) -> Result<Self, BadWords> {
                Ok(Self {
                    id: VideoId::new(&label.id)?,
                    attempt: label.attempt,
                    nonce: label.nonce,
                })
            }
        }

        impl From<&Failure> for $types::Failure {
            fn from(failure: &Failure) -> Self {
                Self {
                    code: failure.code.clone(),
                    message: failure.message.clone(),
                }
            }
        }

        impl From<$types::Failure> for Failure {
            fn from(failure: $types::Failure) -> Self {
                Self {
                    code: failure.code,
                    message: failure.message,
                }
            }
        }
    };
}

conversions!(catalog_types);
conversions!(transcoder_types);

impl From<Via> for catalog_types::Via {
    fn from(via: Via) -> Self {
        match via {
            Via::Webhook => Self::Webhook,
            Via::Poll => Self::Poll,
        }
    }
}

impl From<catalog_types::Via> for Via {
    fn from(via: catalog_types::Via) -> Self {
        match via {
            catalog_types::Via::Webhook => Self::Webhook,
            catalog_types::Via::Poll => Self::Poll,
        }
    }
}

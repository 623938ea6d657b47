//! What Stream is asked and says, into words of the seam and back.

use super::errors::BadWords;
use super::rows::count;
use super::types;
use reelgate_core::time::UnixTime;
use reelgate_core::video::{
    Failure, Label, Listed, Progress, Report, SourceKey, StreamUid, Submission, Submitted, Via,
    VideoId,
};

impl From<Submitted> for types::SubmittedCopy {
    fn from(submitted: Submitted) -> Self {
        match submitted {
            Submitted::Taken(uid) => Self::Taken(uid.to_string()),
            Submitted::Refused(failure) => Self::Refused((&failure).into()),
            Submitted::Busy(until) => Self::Busy(until.0),
            Submitted::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

impl From<types::SubmittedCopy> for Submitted {
    fn from(submitted: types::SubmittedCopy) -> Self {
        match submitted {
            types::SubmittedCopy::Taken(uid) => match StreamUid::new(&uid) {
                Ok(uid) => Self::Taken(uid),
                Err(reason) => Self::Unknown(format!("the uid {reason}")),
            },
            types::SubmittedCopy::Refused(failure) => Self::Refused(failure.into()),
            types::SubmittedCopy::Busy(until) => Self::Busy(UnixTime(until)),
            types::SubmittedCopy::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

impl From<Listed> for types::Listed {
    fn from(listed: Listed) -> Self {
        Self {
            reports: listed.reports.iter().map(types::Report::from).collect(),
            unreadable: count(listed.unreadable),
        }
    }
}

impl TryFrom<types::Listed> for Listed {
    type Error = BadWords;

    fn try_from(listed: types::Listed) -> Result<Self, BadWords> {
        let reports = listed.reports.into_iter().map(Report::try_from);
        Ok(Self {
            reports: reports.collect::<Result<_, _>>()?,
            unreadable: listed.unreadable as usize,
        })
    }
}

impl From<&Submission> for types::Order {
    fn from(submission: &Submission) -> Self {
        Self {
            label: (&submission.label).into(),
            source_key: submission.source_key.to_string(),
        }
    }
}

impl TryFrom<types::Order> for Submission {
    type Error = BadWords;

    fn try_from(order: types::Order) -> Result<Self, BadWords> {
        Ok(Self {
            label: order.label.try_into()?,
            source_key: SourceKey::new(&order.source_key)?,
        })
    }
}

impl From<Via> for types::Via {
    fn from(via: Via) -> Self {
        match via {
            Via::Webhook => Self::Webhook,
            Via::Poll => Self::Poll,
        }
    }
}

impl From<types::Via> for Via {
    fn from(via: types::Via) -> Self {
        match via {
            types::Via::Webhook => Self::Webhook,
            types::Via::Poll => Self::Poll,
        }
    }
}

impl From<&Report> for types::Report {
    fn from(report: &Report) -> Self {
        Self {
            uid: report.uid.to_string(),
            label: report.label.as_ref().map(types::Label::from),
            progress: match report.progress {
                Progress::Encoding => types::Progress::Encoding,
                Progress::Ready => types::Progress::Ready,
                Progress::Failed => types::Progress::Failed,
            },
            pct_complete: report.pct_complete,
            failure: report.failure.as_ref().map(types::Failure::from),
            duration_seconds: report.duration_seconds,
            hls_url: report.hls_url.clone(),
            dash_url: report.dash_url.clone(),
            thumbnail_url: report.thumbnail_url.clone(),
        }
    }
}

impl TryFrom<types::Report> for Report {
    type Error = BadWords;

    fn try_from(report: types::Report) -> Result<Self, BadWords> {
        Ok(Self {
            uid: StreamUid::new(&report.uid)?,
            label: report.label.map(Label::try_from).transpose()?,
            progress: match report.progress {
                types::Progress::Encoding => Progress::Encoding,
                types::Progress::Ready => Progress::Ready,
                types::Progress::Failed => Progress::Failed,
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

impl From<&Label> for types::Label {
    fn from(label: &Label) -> Self {
        Self {
            id: label.id.to_string(),
            attempt: label.attempt,
            nonce: label.nonce.clone(),
        }
    }
}

impl TryFrom<types::Label> for Label {
    type Error = BadWords;

    fn try_from(label: types::Label) -> Result<Self, BadWords> {
        Ok(Self {
            id: VideoId::new(&label.id)?,
            attempt: label.attempt,
            nonce: label.nonce,
        })
    }
}

impl From<&Failure> for types::Failure {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code.clone(),
            message: failure.message.clone(),
        }
    }
}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
        }
    }
}

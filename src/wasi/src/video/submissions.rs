//! What Stream is asked, and how it answers, into words of the transcoder's seam and back.

use super::errors::BadWords;
use super::rows::count;
use super::transcoder_types as types;
use reelgate_core::time::UnixTime;
use reelgate_core::video::{Listed, Report, SourceKey, StreamUid, Submission, Submitted};

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

//! Asks Cloudflare Stream. Holds its token and the secret that signs addresses of originals; may reach its
//! API and nothing else. Every rule is in `reelgate_core::video::stream_api`.

use reelgate_wasi::core::video::config::{self, StreamAccess};
use reelgate_wasi::core::video::{
    Answered, Call, CallFailed, Label, Report, StreamUid, Submission, Submitted,
};
use reelgate_wasi::video::BadWords;
use reelgate_wasi::video::transcoder_types::{
    self as types, CallFailed as Failed, Order, SubmittedCopy,
};
use reelgate_wasi::{Fields, Level, OncePerInstance, call, log, now, variable};

struct Transcoder;

reelgate_wasi::export_transcoder!(Transcoder);

static CONFIG: OncePerInstance<config::Transcoder> = OncePerInstance::new();

impl reelgate_wasi::video::Transcoder for Transcoder {
    async fn disabled() -> Option<String> {
        access().err().map(str::to_owned)
    }

    async fn submit(order: Order) -> SubmittedCopy {
        let submitted = match (access(), Submission::try_from(order)) {
            (Ok(access), Ok(submission)) => {
                let answer = Answer::to(&access.copy(&submission, now())).await;
                access.read_copy(answer.whole().as_ref(), &submission, now())
            }
            (Err(reason), _) => Submitted::Unknown(reason.to_owned()),
            (_, Err(reason)) => Submitted::Unknown(reason.to_string()),
        };
        if let Submitted::Unknown(reason) = &submitted {
            log(
                Level::Warning,
                &format!("submission not answered: {reason}"),
            );
        }
        submitted.into()
    }

    async fn find(label: types::Label) -> Result<types::Listed, Failed> {
        let (access, label) = (access().map_err(off)?, Label::try_from(label)?);
        let answer = Answer::to(&access.find(&label)).await;
        let listed = access.read_list(answer.whole().as_ref());
        Ok(listed.map_err(told)?.into())
    }

    async fn list(uids: Vec<String>) -> Result<types::Listed, Failed> {
        let uids: Result<Vec<_>, _> = uids.iter().map(|uid| read(uid)).collect();
        let (access, uids) = (access().map_err(off)?, uids?);
        let answer = Answer::to(&access.list(&uids)).await;
        let listed = access.read_list(answer.whole().as_ref());
        Ok(listed.map_err(told)?.into())
    }

    async fn get(uid: String) -> Result<types::Report, Failed> {
        let (access, uid) = (access().map_err(off)?, read(&uid)?);
        let answer = Answer::to(&access.get(&uid)).await;
        let report: Report = access
            .read_get(answer.whole().as_ref(), &uid)
            .map_err(told)?;
        Ok((&report).into())
    }
}

/// What Stream answered, if it did.
struct Answer(Option<(u16, Fields, Vec<u8>)>);

impl Answer {
    async fn to(question: &Call) -> Self {
        Self(call(question).await)
    }

    fn whole(&self) -> Option<Answered<'_, Fields>> {
        let (status, headers, body) = self.0.as_ref()?;
        Some(Answered {
            status: *status,
            headers,
            body,
        })
    }
}

/// How to ask Stream, or why not to.
fn access() -> Result<&'static StreamAccess, &'static str> {
    match CONFIG.get(|| config::Transcoder::from_lookup(&variable)) {
        Some(config::Transcoder::On(access)) => Ok(access),
        Some(config::Transcoder::Off(reason)) => Err(reason),
        None => Err("misconfigured; the log names the variables"),
    }
}

fn read(uid: &str) -> Result<StreamUid, BadWords> {
    Ok(StreamUid::new(uid)?)
}

fn off(reason: &'static str) -> Failed {
    Failed::Denied(reason.to_owned())
}

/// The operator reads the reason too.
fn told(failed: CallFailed) -> Failed {
    log(Level::Warning, &failed.to_string());
    failed.into()
}

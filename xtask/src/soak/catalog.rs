//! Who works with the catalog: the operator who registers and lists, and Stream, which reports.

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use super::host::Place;
use super::ledger::{Catalog, Ledger, Progress};
use crate::testbed::client::{Answer, Client};
use crate::testbed::stream::{ADMIN, signed};

/// Videos of one page of a listing: the most that one may ask for.
const PAGE: usize = 200;

/// The operator, on a connection that is made anew after each failure.
#[derive(Debug)]
pub(super) struct Operator {
    place: Place,
    connection: Option<Client>,
}

impl Operator {
    /// One who has not asked for anything yet.
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            connection: None,
        }
    }

    /// Registers a video.
    ///
    /// # Errors
    /// When the host does not say that it is registered.
    pub(super) fn register(&mut self, id: &str, meta: &Value) -> Result<()> {
        let video = json!({ "id": id, "source_key": "originals/film.mp4", "meta": meta });
        self.post("/api/videos", &video.to_string(), 201).map(drop)
    }

    /// Sends a registered video to Stream; what it is called there.
    ///
    /// # Errors
    /// When the host does not say so.
    pub(super) fn encode(&mut self, id: &str) -> Result<String> {
        let row = self.post(&format!("/api/videos/{id}/encode"), "", 202)?;
        let uid = row["stream_uid"].as_str();
        Ok(uid.context("a video without a uid")?.to_owned())
    }

    /// Has the host look after what is on its way.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn sweep(&mut self) -> Result<()> {
        self.post("/api/internal/reconcile", "", 200).map(drop)
    }

    /// One page of the listing, from its beginning.
    ///
    /// # Errors
    /// When the host does not list.
    pub(super) fn list(&mut self) -> Result<()> {
        self.page("").map(drop)
    }

    /// All videos.
    ///
    /// # Errors
    /// When the host does not list them.
    pub(super) fn catalog(&mut self) -> Result<Catalog> {
        let mut catalog = Catalog::new();
        let mut cursor = String::new();
        loop {
            let page = self.page(&cursor)?;
            for row in page["videos"].as_array().context("a page without videos")? {
                let id = row["id"].as_str().context("a video without an id")?;
                let percent = row["pct_complete"].as_f64().unwrap_or_default();
                catalog.insert(id.to_owned(), (percent * 1e3).round() as Progress);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(catalog),
            }
        }
    }

    fn page(&mut self, cursor: &str) -> Result<Value> {
        let path = format!("/api/videos?limit={PAGE}{cursor}");
        let bearer = format!("Authorization: Bearer {ADMIN}\r\n");
        self.ask(&path, 200, |client| {
            client.request("GET", &path, &bearer, "")
        })
    }

    fn post(&mut self, path: &str, body: &str, expected: u16) -> Result<Value> {
        let bearer = format!("Authorization: Bearer {ADMIN}");
        self.ask(path, expected, |client| client.post(path, &bearer, body))
    }

    /// Stream's report that a copy is so far; it has no operator's token.
    fn report(&mut self, uid: &str, progress: Progress) -> Result<()> {
        let report = json!({
            "uid": uid,
            "readyToStream": false,
            "status": { "state": "inprogress", "pctComplete": format!("{:.3}", f64::from(progress) / 1e3) },
        })
        .to_string();
        let header = signed(&report)?;
        let path = "/api/webhooks/stream";
        self.ask(path, 200, |client| client.post(path, &header, &report))
            .map(drop)
    }

    fn ask(
        &mut self,
        path: &str,
        expected: u16,
        ask: impl FnOnce(&mut Client) -> Result<Answer>,
    ) -> Result<Value> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Client::connect(self.place.address())?,
        };
        let answer = ask(&mut connection)?;
        if answer.status != expected {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(anyhow!(body).context(format!("{path} is answered {}", answer.status)));
        }
        self.connection = Some(connection);
        Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
    }
}

/// Stream's reports about some videos in turn, each a thousandth of a percent further than the one before.
#[derive(Debug)]
pub(super) struct Reporter {
    operator: Operator,
    /// Ids, and what Stream calls the videos.
    videos: Vec<(String, String)>,
    next: usize,
    /// What the host acknowledged.
    pub(super) ledger: Ledger,
}

impl Reporter {
    /// Registers `count` videos called `name`-0 and so on, and sends them to Stream.
    ///
    /// # Errors
    /// When the host does not do so.
    pub(super) fn with_videos(place: Place, name: &str, count: usize) -> Result<Self> {
        let mut operator = Operator::new(place);
        let mut ledger = Ledger::default();
        let mut videos = Vec::new();
        for number in 0..count {
            let id = format!("{name}-{number}");
            operator.register(&id, &json!({}))?;
            ledger.registered(&id);
            let uid = operator.encode(&id)?;
            videos.push((id, uid));
        }
        Ok(Self {
            operator,
            videos,
            next: 0,
            ledger,
        })
    }

    /// One report.
    ///
    /// # Errors
    /// When the host does not take it.
    pub(super) fn report(&mut self) -> Result<()> {
        let (id, uid) = &self.videos[self.next % self.videos.len()];
        let progress = Progress::try_from(self.next / self.videos.len() + 1)?;
        self.next += 1;
        let taken = self.operator.report(uid, progress);
        match taken {
            Ok(()) => self.ledger.reported(id, progress),
            Err(_) => self.ledger.refused(),
        }
        taken
    }
}

//! A bucket in memory: strongly consistent, honours conditions, stops before every request so that a test
//! decides who goes next, and misbehaves on command.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reelgate_core::http::Method;
use reelgate_core::origin::{FIRST_BYTE, Failure};
use reelgate_core::time::UnixTime;
use reelgate_core::video::config::CatalogBucket;
use reelgate_core::video::{BucketStore, Call, Received, Row, Transport, VideoId};

use crate::place::{Place, stop};
use crate::rows::NOW;

/// How one request goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    None,
    Unreachable,
    /// It is done, and then the connection breaks.
    AnswerLost,
    /// It never arrives.
    RequestLost,
    /// It arrives when [`FakeBucket::deliver`] is called; nobody waits so long.
    Late,
    /// It is done after what was late.
    BehindTheLate,
    Status(u16, &'static str),
    /// 200, and this body.
    Says(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) body: Vec<u8>,
    write: String,
}

pub(crate) type Objects = BTreeMap<String, Object>;

#[derive(Debug)]
pub(crate) struct FakeBucket {
    pub(crate) config: CatalogBucket,
    pub(crate) objects: RefCell<Objects>,
    /// `PUT .reelgate/videos/v1.json` and the like, since they were last asked for.
    pub(crate) asked: RefCell<Vec<String>>,
    /// What goes wrong with the first request that begins so.
    pub(crate) faults: RefCell<Vec<(&'static str, Fault)>>,
    /// What is refused whenever a request begins so.
    pub(crate) forbidden: Cell<Option<&'static str>>,
    pub(crate) ignores_if_match: bool,
    pub(crate) ignores_if_none_match: bool,
    /// Objects have no ETag.
    pub(crate) no_etags: bool,
    /// How many keys a list has at most.
    pub(crate) most_keys: Cell<usize>,
    pub(crate) waited: Cell<Duration>,
    pub(crate) late: RefCell<Vec<Wanted>>,
    pub(crate) chance: Cell<u64>,
}

/// A request, as the bucket reads it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    method: Method,
    key: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

type Answer = Received<Vec<(&'static str, String)>>;

impl Default for FakeBucket {
    fn default() -> Self {
        Self {
            config: config(),
            objects: RefCell::default(),
            asked: RefCell::default(),
            faults: RefCell::default(),
            forbidden: Cell::default(),
            ignores_if_match: false,
            ignores_if_none_match: false,
            no_etags: false,
            // To have several pages.
            most_keys: Cell::new(3),
            waited: Cell::default(),
            late: RefCell::default(),
            chance: Cell::new(0),
        }
    }
}

fn config() -> CatalogBucket {
    CatalogBucket::from_lookup(&|name: &str| {
        Some(String::from(match name {
            "s3_endpoint" => "http://bucket.example",
            "s3_bucket" => "films",
            "s3_access_key_id" => "id",
            "s3_secret_access_key" => "secret",
            _ => return None,
        }))
    })
    .unwrap()
}

impl FakeBucket {
    /// What has been asked for since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.take()
    }

    pub(crate) fn fail(&self, request: &'static str, fault: Fault) {
        self.fail_behind(0, request, fault);
    }

    /// The first so many of these requests go well.
    pub(crate) fn fail_behind(&self, well: usize, request: &'static str, fault: Fault) {
        let mut faults = self.faults.borrow_mut();
        faults.extend((0..well).map(|_| (request, Fault::None)));
        faults.push((request, fault));
    }

    /// What was late arrives.
    pub(crate) fn deliver(&self) {
        for wanted in self.late.take() {
            self.answer(&wanted);
        }
    }

    fn timed_out(&self) -> Failure {
        self.waited.set(self.waited.get() + FIRST_BYTE);
        Failure::TimedOut
    }

    pub(crate) fn lay(&self, key: &str, body: &[u8]) {
        let object = Object {
            body: body.into(),
            write: String::new(),
        };
        self.objects.borrow_mut().insert(key.into(), object);
    }

    fn fault(&self, request: &str) -> Option<Fault> {
        let mut faults = self.faults.borrow_mut();
        let at = faults
            .iter()
            .position(|(begin, _)| request.starts_with(begin))?;
        Some(faults.remove(at).1)
    }

    fn answer(&self, wanted: &Wanted) -> Answer {
        match wanted.method {
            Method::Put => self.write(wanted),
            Method::Delete => {
                self.objects.borrow_mut().remove(&wanted.key);
                plain(204, "")
            }
            _ if wanted.query.contains_key("list-type") => self.list(wanted),
            _ => self.read(&wanted.key),
        }
    }

    fn read(&self, key: &str) -> Answer {
        match self.objects.borrow().get(key) {
            None => error(404, "NoSuchKey"),
            Some(object) => Received {
                status: 200,
                headers: vec![
                    (
                        if self.no_etags { "x-none" } else { "etag" },
                        etag(&object.body),
                    ),
                    ("x-amz-meta-reelgate-write", object.write.clone()),
                ],
                body: object.body.clone(),
            },
        }
    }

    fn write(&self, wanted: &Wanted) -> Answer {
        let mut objects = self.objects.borrow_mut();
        let known = objects.get(&wanted.key).map(|object| etag(&object.body));
        if let Some(expected) = wanted.headers.get("if-match") {
            match &known {
                _ if self.ignores_if_match => {}
                None => return error(404, "NoSuchKey"),
                Some(known) if known == expected => {}
                Some(_) => return error(412, "PreconditionFailed"),
            }
        }
        let only_first = wanted.headers.contains_key("if-none-match");
        if only_first && known.is_some() && !self.ignores_if_none_match {
            return error(412, "PreconditionFailed");
        }
        let object = Object {
            body: wanted.body.clone(),
            write: wanted.headers["x-amz-meta-reelgate-write"].clone(),
        };
        objects.insert(wanted.key.clone(), object);
        plain(200, "")
    }

    fn list(&self, wanted: &Wanted) -> Answer {
        let query = &wanted.query;
        let after = query.get("start-after").cloned().unwrap_or_default();
        let most: usize = query["max-keys"].parse().unwrap();
        let most = most.min(self.most_keys.get());
        let objects = self.objects.borrow();
        let mut keys = objects
            .keys()
            .filter(|key| key.starts_with(&query["prefix"]) && **key > after);
        let page: String = keys
            .by_ref()
            .take(most)
            .map(|key| {
                let key = key.replace('&', "&amp;").replace('<', "&lt;");
                format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>")
            })
            .collect();
        let more = keys.next().is_some();
        let list = format!(
            "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{page}<IsTruncated>{more}</IsTruncated></ListBucketResult>"
        );
        plain(200, &list)
    }
}

/// As S3 makes it of a short object: by its contents alone.
fn etag(body: &[u8]) -> String {
    let hash = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}

fn plain(status: u16, body: &str) -> Answer {
    Received {
        status,
        headers: Vec::new(),
        body: body.into(),
    }
}

fn error(status: u16, code: &str) -> Answer {
    plain(status, &format!("<Error><Code>{code}</Code></Error>"))
}

impl Wanted {
    /// What is not signed as it has to be is no request.
    fn read(call: &Call) -> Self {
        let (path, query) = call.path_and_query.split_once('?').unwrap();
        let query: BTreeMap<String, String> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.into(), unescaped(value)))
            .collect();
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        let headers: BTreeMap<String, String> = call
            .headers
            .iter()
            .map(|(name, value)| ((*name).into(), text(value)))
            .collect();
        let signed: Vec<&str> = query["X-Amz-SignedHeaders"].split(';').collect();
        assert!(signed.is_sorted() && signed.contains(&"host"), "{signed:?}");
        for name in headers.keys().filter(|name| *name != "content-type") {
            assert!(signed.contains(&name.as_str()), "{name} is not signed");
        }
        assert_eq!(query["X-Amz-Signature"].len(), 64);
        Self {
            method: call.method,
            key: path.strip_prefix("/films/").unwrap().into(),
            query,
            headers,
            body: call.body.clone(),
        }
    }

    fn line(&self) -> String {
        match (self.method, self.query.get("prefix")) {
            (_, Some(prefix)) => format!("LIST {prefix}"),
            (Method::Put, _) => format!("PUT {}", self.key),
            (Method::Delete, _) => format!("DELETE {}", self.key),
            _ => format!("GET {}", self.key),
        }
    }
}

fn unescaped(value: &str) -> String {
    value.replace("%2F", "/").replace("%3B", ";")
}

impl Transport for &FakeBucket {
    type Headers = Vec<(&'static str, String)>;

    async fn send(&self, call: &Call) -> Result<Answer, Failure> {
        stop().await;
        let wanted = Wanted::read(call);
        let line = wanted.line();
        self.asked.borrow_mut().push(line.clone());
        let forbidden = self.forbidden.get();
        if forbidden.is_some_and(|begin| line.starts_with(begin)) {
            return Ok(error(403, "AccessDenied"));
        }
        match self.fault(&line) {
            None | Some(Fault::None) => Ok(self.answer(&wanted)),
            Some(Fault::Unreachable) => Err(Failure::Connect),
            Some(Fault::RequestLost) => Err(self.timed_out()),
            Some(Fault::BehindTheLate) => {
                self.deliver();
                Ok(self.answer(&wanted))
            }
            Some(Fault::AnswerLost) => {
                self.answer(&wanted);
                Err(Failure::Broken)
            }
            Some(Fault::Late) => {
                self.late.borrow_mut().push(wanted);
                Err(self.timed_out())
            }
            Some(Fault::Status(status, code)) => Ok(error(status, code)),
            Some(Fault::Says(body)) => Ok(plain(200, body)),
        }
    }

    async fn pause(&self, time: Duration) {
        self.waited.set(self.waited.get() + time);
    }

    fn now(&self) -> UnixTime {
        NOW.plus(self.waited.get().as_secs())
    }

    fn random(&self) -> [u8; 16] {
        let number = self.chance.get() + 1;
        self.chance.set(number);
        u128::from(number)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            .to_be_bytes()
    }
}

impl Place for FakeBucket {
    type Store<'a> = BucketStore<'a, &'a Self>;
    type Contents = BTreeMap<String, Vec<u8>>;

    /// Signing takes its time.
    const CASES: u32 = 300;

    fn store(&self) -> BucketStore<'_, &Self> {
        BucketStore::new(&self.config, self)
    }

    fn with(contents: Self::Contents) -> Self {
        let bucket = Self::default();
        for (key, body) in contents {
            bucket.lay(&key, &body);
        }
        bucket
    }

    fn contents(&self) -> Self::Contents {
        let objects = self.objects.borrow();
        let bodies = objects
            .iter()
            .map(|(key, object)| (key.clone(), object.body.clone()));
        bodies.collect()
    }

    fn operations(&self) -> usize {
        self.most_keys.set(1000);
        self.asked().len()
    }

    fn put(&self, key: &str, value: &[u8]) {
        let id = key.strip_prefix("video/").unwrap();
        self.lay(&format!(".reelgate/videos/{id}.json"), value);
    }

    fn put_in_flight(&self, row: &Row) {
        let json: serde_json::Value = serde_json::from_slice(&row.to_json()).unwrap();
        let rev = json["rev"].as_u64().unwrap();
        self.put(&format!("video/{}", row.id), &row.to_json());
        self.lay(&format!(".reelgate/in-flight/{}/{rev:020}", row.id), &[]);
    }

    fn rows(&self) -> Vec<Row> {
        let objects = self.objects.borrow();
        let rows = objects
            .iter()
            .filter(|(key, _)| key.starts_with(".reelgate/videos/") && key.ends_with(".json"));
        rows.filter_map(|(_, object)| Row::parse(&object.body).ok())
            .collect()
    }

    fn indexed(&self) -> BTreeSet<String> {
        let objects = self.objects.borrow();
        let markers = objects
            .keys()
            .filter_map(|key| key.strip_prefix(".reelgate/in-flight/"));
        markers
            .map(|marker| marker.split_once('/').unwrap().0.to_string())
            .collect()
    }

    /// The marker has to be that of the write by which the row went in flight.
    fn lost(&self) -> Vec<VideoId> {
        let objects = self.objects.borrow();
        let marked = |row: &Row| {
            let json: serde_json::Value = serde_json::from_slice(&row.to_json()).unwrap();
            let flight = json["flight"].as_u64().unwrap();
            objects.contains_key(&format!(".reelgate/in-flight/{}/{flight:020}", row.id))
        };
        self.rows()
            .into_iter()
            .filter(|row| row.status.is_in_flight() && !marked(row))
            .map(|row| row.id)
            .collect()
    }
}

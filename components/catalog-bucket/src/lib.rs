//! Keeps the videos in the key-value store `default`.
//!
//! May reach the store and nothing else; nobody else may. Every rule is in `reelgate_core::video`.

use reelgate_wasi::core::video::api::Listing;
use reelgate_wasi::core::video::{self, Row, Trouble, VideoId};
use reelgate_wasi::video::catalog_types::{
    Event, Filter, InFlightRows, Outcome, Page, Registration, Report, Row as Words, Via,
};
use reelgate_wasi::video::{BadWords, CatalogError, NewVideo, all_words, count, words};
use reelgate_wasi::{Level, Store, log, now, random};
use std::sync::OnceLock;

struct Catalog;

reelgate_wasi::export_catalog!(Catalog);

/// Whether the store was found to refuse stale writes: the same for all requests of an instance.
static PROBED: OnceLock<()> = OnceLock::new();

impl reelgate_wasi::video::Catalog for Catalog {
    async fn register(video: Registration) -> Result<Words, CatalogError> {
        let NewVideo {
            id,
            source_key,
            meta,
        } = video.try_into()?;
        let row = Row::register(id, source_key, meta, now(), random());
        rows().await?.register(&row).await.map_err(told)?;
        Ok(words(&row))
    }

    async fn get(id: String) -> Result<Option<Words>, CatalogError> {
        let row = rows().await?.get(&read(&id)?).await.map_err(told)?;
        Ok(row.as_ref().map(words))
    }

    async fn list(filter: Filter) -> Result<Page, CatalogError> {
        let Listing {
            status,
            cursor,
            limit,
        } = filter.try_into()?;
        let rows = rows().await?;
        let page = rows.list(status, cursor.as_ref(), limit).await;
        let page = page.map_err(told)?;
        page.unreadable.into_iter().for_each(tell);
        Ok(Page {
            rows: all_words(&page.rows),
            next: page.next_cursor.map(|id| id.to_string()),
        })
    }

    async fn apply(id: String, event: Event) -> Result<Option<Outcome>, CatalogError> {
        let (id, event) = (read(&id)?, event.try_into()?);
        let applied = rows().await?.apply(&id, &event, now()).await;
        Ok(applied.map_err(told)?.map(Outcome::from))
    }

    async fn apply_all(events: Vec<(String, Event)>) -> Vec<Result<Option<Outcome>, CatalogError>> {
        let count = events.len();
        let events = events
            .into_iter()
            .map(|(id, event)| Ok((read(&id)?, event.try_into()?)));
        let ready = match events.collect::<Result<Vec<_>, BadWords>>() {
            Ok(events) => rows().await.map(|rows| (rows, events)),
            Err(bad) => Err(bad.into()),
        };
        match ready {
            Ok((rows, events)) => {
                let answers = rows.apply_all(&events, now()).await.into_iter();
                answers
                    .map(|answer| Ok(answer.map_err(told)?.map(Outcome::from)))
                    .collect()
            }
            Err(error) => vec![Err(error); count],
        }
    }

    async fn apply_report(report: Report, via: Via) -> Result<Option<Words>, CatalogError> {
        let report = report.try_into()?;
        let applied = rows().await?.report(&report, via.into(), now()).await;
        Ok(applied.map_err(told)?.as_ref().map(words))
    }

    async fn remove(id: String) -> Result<bool, CatalogError> {
        rows().await?.delete(&read(&id)?).await.map_err(told)
    }

    async fn in_flight() -> Result<InFlightRows, CatalogError> {
        let found = rows().await?.in_flight().await.map_err(told)?;
        let unreadable = count(found.unreadable.len());
        found.unreadable.into_iter().for_each(tell);
        Ok(InFlightRows {
            rows: all_words(&found.rows),
            repaired: count(found.repaired),
            unreadable,
        })
    }
}

impl reelgate_wasi::video::Readiness for Catalog {
    async fn probe() -> Result<(), String> {
        let rows = open().map_err(|trouble| trouble.to_string())?;
        rows.probe(random()).await.map_err(|trouble| trouble.to_string())
    }
}

/// The rows, in a store that was found to be good enough.
async fn rows() -> Result<video::Catalog<Store>, CatalogError> {
    let rows = open().map_err(told)?;
    if PROBED.get().is_none() {
        rows.trust(now(), random()).await.map_err(told)?;
        PROBED.get_or_init(|| ());
    }
    Ok(rows)
}

fn open() -> Result<video::Catalog<Store>, Trouble> {
    Ok(video::Catalog::new(Store::open("default")?))
}

fn read(id: &str) -> Result<VideoId, BadWords> {
    Ok(VideoId::new(id)?)
}

/// For those who ask: what they may act on. For the operator: what has to be mended.
fn told(trouble: Trouble) -> CatalogError {
    let error = CatalogError::from(trouble);
    if let CatalogError::Store(reason) | CatalogError::Damaged(reason) = &error {
        log(Level::Error, &format!("catalog: {reason}"));
    }
    error
}

fn tell(trouble: Trouble) {
    told(trouble);
}

//! Being the catalog of other components, over whatever store keeps the rows.

use super::catalog_types::{
    Event, Filter, InFlightRows, Outcome, Page, Registration, Report, Row as Words, Via,
};
use super::{BadWords, Catalog, CatalogError, NewVideo, Readiness, all_words, count, words};
use crate::{Level, log, now, random};
use reelgate_core::video::routes::api::Listing;
use reelgate_core::video::{self, Row, Store, Trouble, VideoId};
use std::sync::OnceLock;

/// Where a catalog keeps its rows.
pub trait KeepsRows {
    /// The store.
    type Store: Store;

    /// The rows in it. Opening costs nothing.
    ///
    /// # Errors
    ///
    /// The store is not there, or not configured.
    fn rows() -> Result<video::Catalog<Self::Store>, Trouble>;
}

/// Whether the store was found to refuse stale writes: the same for all requests of an instance.
static TRUSTED: OnceLock<()> = OnceLock::new();

impl<T: KeepsRows> Catalog for T {
    async fn register(video: Registration) -> Result<Words, CatalogError> {
        let NewVideo {
            id,
            source_key,
            meta,
        } = video.try_into()?;
        let row = Row::register(id, source_key, meta, now(), random());
        trusted::<T>().await?.register(&row).await.map_err(logged)?;
        Ok(words(&row))
    }

    async fn get(id: String) -> Result<Option<Words>, CatalogError> {
        let row = rows::<T>()?.get(&read(&id)?).await.map_err(logged)?;
        Ok(row.as_ref().map(words))
    }

    async fn list(filter: Filter) -> Result<Page, CatalogError> {
        let Listing {
            status,
            cursor,
            limit,
        } = filter.try_into()?;
        let page = rows::<T>()?.list(status, cursor.as_ref(), limit).await;
        let page = page.map_err(logged)?;
        log_damaged(&page.unreadable);
        Ok(page.into())
    }

    async fn apply(id: String, event: Event) -> Result<Option<Outcome>, CatalogError> {
        let (id, event) = (read(&id)?, event.try_into()?);
        let applied = trusted::<T>().await?.apply(&id, &event, now).await;
        Ok(applied.map_err(logged)?.map(Outcome::from))
    }

    async fn apply_all(events: Vec<(String, Event)>) -> Vec<Result<Option<Outcome>, CatalogError>> {
        let count = events.len();
        let events = events
            .into_iter()
            .map(|(id, event)| Ok((read(&id)?, event.try_into()?)));
        let ready = match events.collect::<Result<Vec<_>, BadWords>>() {
            Ok(events) => trusted::<T>().await.map(|rows| (rows, events)),
            Err(bad) => Err(bad.into()),
        };
        match ready {
            Ok((rows, events)) => {
                let answers = rows.apply_all(&events, now).await.into_iter();
                answers
                    .map(|answer| Ok(answer.map_err(logged)?.map(Outcome::from)))
                    .collect()
            }
            Err(error) => vec![Err(error); count],
        }
    }

    async fn apply_report(report: Report, via: Via) -> Result<Option<Words>, CatalogError> {
        let report = report.try_into()?;
        let rows = trusted::<T>().await?;
        let row = rows.report(&report, via.into(), now).await;
        Ok(row.map_err(logged)?.as_ref().map(words))
    }

    async fn remove(id: String) -> Result<bool, CatalogError> {
        let rows = trusted::<T>().await?;
        rows.delete(&read(&id)?).await.map_err(logged)
    }

    async fn in_flight() -> Result<InFlightRows, CatalogError> {
        let found = rows::<T>()?.to_sweep().await.map_err(logged)?;
        log_damaged(&found.unreadable);
        Ok(InFlightRows {
            rows: all_words(&found.rows),
            repaired: count(found.repaired),
            unreadable: count(found.unreadable.len()),
        })
    }
}

impl<T: KeepsRows> Readiness for T {
    async fn probe() -> Result<(), String> {
        let probed = match T::rows() {
            Ok(rows) => rows.probe(random()).await,
            Err(trouble) => Err(trouble),
        };
        probed.map_err(|trouble| trouble.to_string())
    }
}

fn rows<T: KeepsRows>() -> Result<video::Catalog<T::Store>, CatalogError> {
    T::rows().map_err(logged)
}

/// The rows, in a store that was found to be good enough to be written.
async fn trusted<T: KeepsRows>() -> Result<video::Catalog<T::Store>, CatalogError> {
    let rows = rows::<T>()?;
    if TRUSTED.get().is_none() {
        rows.trust(now(), random()).await.map_err(logged)?;
        TRUSTED.get_or_init(|| ());
    }
    Ok(rows)
}

fn read(id: &str) -> Result<VideoId, BadWords> {
    Ok(VideoId::new(id)?)
}

/// For those who ask: what they may act on. For the operator: what has to be mended.
fn logged(trouble: Trouble) -> CatalogError {
    let error = CatalogError::from(trouble);
    if let CatalogError::Store(reason) | CatalogError::Damaged(reason) = &error {
        log(Level::Error, &format!("catalog: {reason}"));
    }
    error
}

fn log_damaged(rows: &[video::Damaged]) {
    for row in rows {
        log(Level::Error, &format!("catalog: {row}"));
    }
}

//! Asking the catalog or the transcoder behind a component.
//!
//! The bindings are made in the component's own crate, so that it imports what it asks and nothing else.

/// Imports the catalog, as a module `catalog`.
#[macro_export]
macro_rules! import_catalog {
    () => {
        #[allow(
            unsafe_code,
            missing_docs,
            clippy::all,
            reason = "generated: foreign calls need it"
        )]
        mod catalog_bindings {
            wit_bindgen::generate!({
                path: "../../wit",
                world: "catalog-client",
                with: { "reelgate:catalog/types@0.1.0": reelgate_wasi::video::catalog_types },
                generate_all,
            });
        }

        /// The catalog behind this component: `wit/catalog.wit` in types of the rules.
        #[allow(dead_code, reason = "no component asks for all that there is")]
        mod catalog {
            use super::catalog_bindings::reelgate::catalog::catalog as behind;
            use $crate::core::video::routes::api::{Listing, Registration};
            use $crate::core::video::{Applied, Event, Page, Report, Row, Via, VideoId};
            use $crate::video::{CatalogError, InFlight, stored};

            /// Registers a video.
            pub async fn register(video: &Registration) -> Result<Row, CatalogError> {
                Ok(stored(&behind::register(video.into()).await?)?)
            }

            /// The video of that id.
            pub async fn get(id: &VideoId) -> Result<Option<Row>, CatalogError> {
                let row = behind::get(id.to_string()).await?;
                Ok(row.as_deref().map(stored).transpose()?)
            }

            /// Part of the list of all videos.
            pub async fn list(listing: &Listing) -> Result<Page, CatalogError> {
                Ok(behind::list(listing.into()).await?.try_into()?)
            }

            /// Lets something happen to a video.
            pub async fn apply(
                id: &VideoId,
                event: &Event,
            ) -> Result<Option<Applied>, CatalogError> {
                let outcome = behind::apply(id.to_string(), event.into()).await?;
                Ok(outcome.map(Applied::try_from).transpose()?)
            }

            /// Lets something happen to many.
            pub async fn apply_all(
                events: &[(VideoId, Event)],
            ) -> Vec<Result<Option<Applied>, CatalogError>> {
                let events = events
                    .iter()
                    .map(|(id, event)| (id.to_string(), event.into()))
                    .collect();
                let answers = behind::apply_all(events).await;
                let read = |answer: Result<Option<_>, CatalogError>| {
                    Ok(answer?.map(Applied::try_from).transpose()?)
                };
                answers.into_iter().map(read).collect()
            }

            /// Lets a report happen to the video that it is about.
            pub async fn apply_report(report: &Report, via: Via) -> Result<Option<Row>, CatalogError> {
                let row = behind::apply_report(report.into(), via.into()).await?;
                Ok(row.as_deref().map(stored).transpose()?)
            }

            /// Forgets a video.
            pub async fn remove(id: &VideoId) -> Result<bool, CatalogError> {
                behind::remove(id.to_string()).await
            }

            /// The videos that somebody must move on.
            pub async fn in_flight() -> Result<InFlight, CatalogError> {
                Ok(behind::in_flight().await?.try_into()?)
            }
        }
    };
}

/// Imports the transcoder, as a module `transcoder`.
#[macro_export]
macro_rules! import_transcoder {
    () => {
        #[allow(
            unsafe_code,
            missing_docs,
            clippy::all,
            reason = "generated: foreign calls need it"
        )]
        mod transcoder_bindings {
            wit_bindgen::generate!({
                path: "../../wit",
                world: "transcoder-client",
                with: { "reelgate:transcoder/types@0.1.0": reelgate_wasi::video::transcoder_types },
                generate_all,
            });
        }

        /// The transcoder behind this component: `wit/transcoder.wit` in types of the rules.
        #[allow(dead_code, reason = "no component asks for all that there is")]
        mod transcoder {
            use super::transcoder_bindings::reelgate::transcoder::transcoder as behind;
            use $crate::core::video::{
                CallFailed, Label, Listed, Report, StreamUid, Submission, Submitted,
            };

            /// Why Stream is not to be asked, if it is not.
            pub async fn disabled() -> Option<String> {
                behind::disabled().await
            }

            /// Has Stream copy and encode an original.
            pub async fn submit(submission: &Submission) -> Submitted {
                behind::submit(submission.into()).await.into()
            }

            /// The copies of that label.
            pub async fn find(label: &Label) -> Result<Listed, CallFailed> {
                Ok(behind::find(label.into()).await?.try_into()?)
            }

            /// What Stream knows about up to 50 copies.
            pub async fn list(uids: &[StreamUid]) -> Result<Listed, CallFailed> {
                let uids = uids.iter().map(StreamUid::to_string).collect();
                Ok(behind::list(uids).await?.try_into()?)
            }

            /// What Stream knows about one copy.
            pub async fn get(uid: &StreamUid) -> Result<Report, CallFailed> {
                Ok(behind::get(uid.to_string()).await?.try_into()?)
            }
        }
    };
}

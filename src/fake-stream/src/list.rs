//! Which videos a list shall hold.

use url::form_urlencoded;

use crate::Video;

/// How many videos a list holds at most, and where nothing is said.
const MOST: usize = 1000;

/// The query of `GET …/stream`; what is not known of it is ignored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    ids: Option<Vec<String>>,
    status: Option<String>,
    pub(crate) name: Option<String>,
    limit: Option<usize>,
}

impl Filter {
    pub(crate) fn parse(query: &str) -> Self {
        let mut filter = Self::default();
        for (field, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*field {
                "id" => filter.ids = Some(value.split(',').map(str::to_owned).collect()),
                "status" => filter.status = Some(value.into_owned()),
                "video_name" => filter.name = Some(value.into_owned()),
                "limit" => filter.limit = value.parse().ok(),
                _ => {}
            }
        }
        filter
    }

    /// The newest first.
    pub(crate) fn of<'a>(&'a self, videos: &'a [Video]) -> impl Iterator<Item = &'a Video> {
        let limit = self.limit.unwrap_or(MOST).min(MOST);
        let videos = videos.iter().rev();
        videos.filter(|video| self.takes(video)).take(limit)
    }

    fn takes(&self, video: &Video) -> bool {
        let ids = self.ids.as_ref();
        video.is_listed()
            && ids.is_none_or(|ids| ids.contains(&video.uid))
            && self
                .status
                .as_deref()
                .is_none_or(|state| video.state.as_str() == state)
            && self
                .name
                .as_deref()
                .is_none_or(|name| video.name() == Some(name))
    }
}

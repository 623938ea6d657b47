//! Fetches what is judged: playlists, what they name, and of media only what `scan` keeps.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use m3u8_rs::{AlternativeMediaType, MasterPlaylist, MediaPlaylist, Playlist};
use reqwest::Url;

use super::{
    Depth, NotChecked,
    fragment::File,
    init::Init,
    presentation::{Fetched, Media, Presentation, Role, Segment},
    scan::Scanner,
    source::{Content, Source},
    vtt::Vtt,
};

/// Files that are read at once.
const AT_ONCE: usize = 6;

/// Largest playlist or init section: a week of I-frames.
const MAX_TEXT_BYTES: usize = 64 * 1024 * 1024;

/// Reads the presentation at `entry`.
///
/// # Errors
/// [`NotChecked`] when its multivariant playlist is none or is not there, or the way to it is blocked.
pub(super) async fn gather(
    source: &dyn Source,
    entry: &Url,
    depth: Depth,
) -> Result<Presentation, NotChecked> {
    let (content_type, master) = multivariant(source, entry).await?;
    let roles = roles(&master, entry);
    let addresses = addresses(&master, entry);
    let wanted = roles.into_iter();
    let playlists = wanted.map(|(url, role)| media(source, entry, url, role));
    let mut playlists: Vec<Media> = in_parallel(playlists).await?;
    playlists.sort_by(|a, b| (a.role, &a.name).cmp(&(b.role, &b.name)));
    let inits = inits(source, &playlists).await?;
    let (files, ranges) = files(source, &playlists, &inits, depth).await?;
    let texts = texts(source, &playlists, depth).await?;
    Ok(Presentation {
        depth,
        name: entry
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        content_type,
        master,
        addresses,
        playlists,
        inits,
        files,
        texts,
        ranges,
    })
}

/// Does all of them, a few at once, and gives what came of them in no order.
async fn in_parallel<T>(
    work: impl Iterator<Item = impl Future<Output = Result<T, NotChecked>>>,
) -> Result<Vec<T>, NotChecked> {
    stream::iter(work)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

async fn multivariant(
    source: &dyn Source,
    entry: &Url,
) -> Result<(Option<String>, MasterPlaylist), NotChecked> {
    let Ok(content) = source.open(entry, None).await? else {
        return Err(NotChecked::new("there is no such playlist")
            .with_help("name the multivariant playlist: .../games/ID/master.m3u8"));
    };
    let content_type = content.content_type.clone();
    let bytes = content.read(MAX_TEXT_BYTES).await?;
    match m3u8_rs::parse_playlist_res(&bytes) {
        Ok(Playlist::MasterPlaylist(master)) if !master.variants.is_empty() => {
            Ok((content_type, master))
        }
        Ok(_) => Err(NotChecked::new("that is no multivariant playlist")
            .with_help("name the playlist that names the others: .../games/ID/master.m3u8")),
        Err(_) => Err(NotChecked::new("that is no playlist")),
    }
}

/// The URIs of media playlists in a multivariant playlist, and what each is for.
fn named(master: &MasterPlaylist) -> impl Iterator<Item = (&str, Role)> {
    let variants = master.variants.iter().map(|variant| {
        let role = match variant.is_i_frame {
            true => Role::IFrames,
            false => Role::Picture,
        };
        (variant.uri.as_str(), role)
    });
    let renditions = master.alternatives.iter().filter_map(|it| {
        let role = match it.media_type {
            AlternativeMediaType::Audio => Role::Sound,
            AlternativeMediaType::Subtitles => Role::Subtitles,
            _ => return None,
        };
        Some((it.uri.as_deref()?, role))
    });
    variants.chain(renditions)
}

fn addresses(master: &MasterPlaylist, entry: &Url) -> BTreeMap<String, String> {
    named(master)
        .filter_map(|(uri, _)| Some((uri.to_owned(), entry.join(uri).ok()?.to_string())))
        .collect()
}

fn roles(master: &MasterPlaylist, entry: &Url) -> BTreeMap<Url, Role> {
    named(master)
        .filter_map(|(uri, role)| Some((entry.join(uri).ok()?, role)))
        .collect()
}

async fn media(
    source: &dyn Source,
    entry: &Url,
    url: Url,
    role: Role,
) -> Result<Media, NotChecked> {
    let fetched = match source.open(&url, None).await? {
        Err(absence) => Fetched::Absent(absence),
        Ok(content) => {
            let content_type = content.content_type.clone();
            let bytes = content.read(MAX_TEXT_BYTES).await?;
            match m3u8_rs::parse_media_playlist_res(&bytes) {
                Err(_) => Fetched::Unreadable("is no media playlist".to_owned()),
                Ok(playlist) => match segments(&playlist, &url) {
                    Some(segments) => Fetched::Here {
                        it: (playlist, segments),
                        content_type,
                    },
                    None => Fetched::Unreadable("names what is no address".to_owned()),
                },
            }
        }
    };
    Ok(Media {
        name: shortened(entry, &url),
        url: url.to_string(),
        role,
        fetched,
    })
}

/// The address below the multivariant playlist's folder; no query, for there may be a token in it.
fn shortened(entry: &Url, url: &Url) -> String {
    let folder = entry
        .path()
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let path = url.path();
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.trim_start_matches('/').to_owned()
}

fn segments(playlist: &MediaPlaylist, base: &Url) -> Option<Vec<Segment>> {
    let mut init = None;
    // rfc8216bis §4.4.4.2: a range without an offset begins where the one before it ended.
    let mut next_byte = 0;
    playlist
        .segments
        .iter()
        .map(|segment| {
            if let Some(map) = &segment.map {
                init = Some(base.join(&map.uri).ok()?.to_string());
            }
            let range = segment.byte_range.as_ref().map(|range| {
                let start = range.offset.unwrap_or(next_byte);
                start..start.saturating_add(range.length)
            });
            next_byte = range.as_ref().map_or(0, |range| range.end);
            Some(Segment {
                uri: segment.uri.clone(),
                file: base.join(&segment.uri).ok()?.to_string(),
                range,
                seconds: decimal(segment.duration),
                init: init.clone(),
                is_break: segment.discontinuity,
            })
        })
        .collect()
}

/// The parser's single precision as the decimal that was written: 6.006 and not 6.0060000419.
fn decimal(seconds: f32) -> f64 {
    seconds.to_string().parse().unwrap_or_default()
}

async fn inits(
    source: &dyn Source,
    playlists: &[Media],
) -> Result<BTreeMap<String, Fetched<Init>>, NotChecked> {
    let segments = playlists.iter().flat_map(Media::segments);
    let urls: BTreeSet<String> = segments.filter_map(|it| it.init.clone()).collect();
    let read = in_parallel(urls.into_iter().map(|url| init(source, url))).await?;
    Ok(read.into_iter().collect())
}

async fn init(source: &dyn Source, url: String) -> Result<(String, Fetched<Init>), NotChecked> {
    let parsed = parsed(&url)?;
    let fetched = match source.open(&parsed, None).await? {
        Err(absence) => Fetched::Absent(absence),
        Ok(content) => {
            let content_type = content.content_type.clone();
            match Init::read(&content.read(MAX_TEXT_BYTES).await?) {
                Ok(it) => Fetched::Here { it, content_type },
                Err(why) => Fetched::Unreadable(why),
            }
        }
    };
    Ok((url, fetched))
}

type Files = BTreeMap<String, Fetched<File>>;
type Ranges = BTreeMap<(String, u64), Fetched<File>>;

/// Reads segments whole, and the first and last I-frame of each playlist by its range: a server that
/// knows no ranges is found out by them.
async fn files(
    source: &dyn Source,
    playlists: &[Media],
    inits: &BTreeMap<String, Fetched<Init>>,
    depth: Depth,
) -> Result<(Files, Ranges), NotChecked> {
    let mut whole: BTreeMap<String, Init> = BTreeMap::new();
    let mut ranges: BTreeMap<(String, u64), (Range<u64>, Init)> = BTreeMap::new();
    let init_of = |segment: &Segment| {
        let init = segment.init.as_ref().and_then(|url| inits.get(url));
        init.and_then(Fetched::it).cloned().unwrap_or_default()
    };
    // I-frames come last, so that they do not stand in the way of the picture's own init section.
    for media in playlists.iter().filter(|media| !is_text(media)) {
        for segment in chosen(media, depth) {
            let init = whole.entry(segment.file.clone()).or_default();
            if init.tracks.is_empty() {
                *init = init_of(segment);
            }
        }
        if media.role == Role::IFrames {
            let segments = media.segments();
            for segment in segments.first().into_iter().chain(segments.last()) {
                if let Some(range) = segment.range.clone().filter(|range| !range.is_empty()) {
                    let key = (segment.file.clone(), range.start);
                    ranges.insert(key, (range, init_of(segment)));
                }
            }
        }
    }
    let whole = whole.into_iter().map(async |(url, init)| {
        let file = scan(source, &url, None, init).await?;
        Ok((url, file))
    });
    let ranges = ranges.into_iter().map(async |(key, (range, init))| {
        let file = scan(source, &key.0, Some(range), init).await?;
        Ok((key, file))
    });
    let whole = in_parallel(whole).await?;
    let ranges = in_parallel(ranges).await?;
    Ok((whole.into_iter().collect(), ranges.into_iter().collect()))
}

/// Whether its segments are WebVTT, which has no init section.
fn is_text(media: &Media) -> bool {
    let mut segments = media.segments().iter();
    media.role == Role::Subtitles && segments.all(|segment| segment.init.is_none())
}

async fn texts(
    source: &dyn Source,
    playlists: &[Media],
    depth: Depth,
) -> Result<BTreeMap<String, Fetched<Vtt>>, NotChecked> {
    let media = playlists.iter().filter(|media| is_text(media));
    let urls: BTreeSet<String> = media
        .flat_map(|media| chosen(media, depth))
        .map(|segment| segment.file.clone())
        .collect();
    let read = in_parallel(urls.into_iter().map(|url| text(source, url))).await?;
    Ok(read.into_iter().collect())
}

async fn text(source: &dyn Source, url: String) -> Result<(String, Fetched<Vtt>), NotChecked> {
    let fetched = match source.open(&parsed(&url)?, None).await? {
        Err(absence) => Fetched::Absent(absence),
        Ok(content) => {
            let content_type = content.content_type.clone();
            match Vtt::read(&content.read(MAX_TEXT_BYTES).await?) {
                Ok(it) => Fetched::Here { it, content_type },
                Err(why) => Fetched::Unreadable(why),
            }
        }
    };
    Ok((url, fetched))
}

/// The segments whose files are read.
fn chosen(media: &Media, depth: Depth) -> impl Iterator<Item = &Segment> {
    let segments = media.segments();
    let last = segments.len().saturating_sub(1);
    segments.iter().enumerate().filter_map(move |(number, it)| {
        let is_wanted = match depth {
            Depth::Full => true,
            Depth::Quick => media.role != Role::IFrames && (number == 0 || number == last),
        };
        is_wanted.then_some(it)
    })
}

async fn scan(
    source: &dyn Source,
    url: &str,
    range: Option<Range<u64>>,
    init: Init,
) -> Result<Fetched<File>, NotChecked> {
    let start = range.as_ref().map_or(0, |range| range.start);
    match source.open(&parsed(url)?, range).await? {
        Err(absence) => Ok(Fetched::Absent(absence)),
        Ok(content) => scan_content(content, Scanner::new(init, start)).await,
    }
}

async fn scan_content(
    mut content: Content,
    mut scanner: Scanner,
) -> Result<Fetched<File>, NotChecked> {
    while let Some(chunk) = content.chunks.try_next().await? {
        if let Err(why) = scanner.push(&chunk) {
            return Ok(Fetched::Unreadable(why));
        }
    }
    Ok(Fetched::Here {
        it: scanner.finish(),
        content_type: content.content_type,
    })
}

fn parsed(url: &str) -> Result<Url, NotChecked> {
    Url::parse(url).map_err(|error| NotChecked::new(format!("{url}: {error}")))
}

//! Which object a path means, and everything that follows from its name.
//!
//! Nothing else in the project builds an object key. A key that exists is therefore free of
//! traversal, of control characters and of anything a second decoder could read differently.

use alloc::{borrow::Cow, format, string::String};
use core::fmt;

mod source;

pub use source::{BadSourceKey, RESERVED, SourceKey};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Longest object key in bytes: the limit of S3 and R2.
pub const MAX_KEY_BYTES: usize = 1024;

/// Longest game id in bytes. Long enough for any slug or UUID, short enough for a cookie's `Path`.
pub const MAX_GAME_ID_BYTES: usize = 128;

/// Where all games lie, in the bucket and in a URL's path.
const GAMES: &str = "games/";

/// All but RFC 3986's unreserved characters and the slash between segments.
const ESCAPED_IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A name that cannot be a game id or an object key, however it came to be. Answered with 404,
/// without saying why: to a viewer there is nothing there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadName;

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "is no usable name: empty, too long, or with `.`, `..`, `\\`, an encoded `/`, a control \
             character or a malformed or double escape",
        )
    }
}

impl core::error::Error for BadName {}

/// The id of one title: one path segment of 1 to 128 bytes, in decoded form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GameId<'a>(&'a str);

impl<'a> GameId<'a> {
    /// Takes a decoded id as it stands.
    ///
    /// # Errors
    /// [`BadName`] when it is empty, over 128 bytes, `.`, `..`, holds a slash, a backslash or a
    /// control character, or would change when percent-decoded.
    pub fn new(id: &'a str) -> Result<Self, BadName> {
        if id.len() > MAX_GAME_ID_BYTES || id.contains('/') || !is_plain(id) {
            return Err(BadName);
        }
        Ok(Self(id))
    }

    /// The id's text, decoded.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The path under which the game's objects lie: `/games/{game_id}/`, escaped as in
    /// [`ObjectKey::to_path`].
    #[must_use]
    pub fn to_path(self) -> String {
        format!("/{GAMES}{}/", utf8_percent_encode(self.0, ESCAPED_IN_PATH))
    }
}

/// What an object is for, told by its extension; it decides how long a player may keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// An HLS playlist: `.m3u8`.
    Playlist,
    /// Init section or media segment. Its name changes when its bytes do.
    Media,
    /// Everything else: posters, captions, thumbnails.
    Other,
}

/// The key of an object of a game, in decoded form: `games/{game_id}/{file...}`, at most 1,024 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectKey {
    key: String,
    game_end: usize,
}

impl ObjectKey {
    /// Reads the path of a request, as received and without its query: `/games/{game_id}/{file...}`.
    ///
    /// Escapes are decoded once, `+` stands for itself. So `/games/7/a%20b.m4s` is the key
    /// `games/7/a b.m4s`.
    ///
    /// # Errors
    /// [`BadName`] when the path does not begin with `/games/`, names no file, holds an empty
    /// segment, `.`, `..`, a control character, a backslash, an encoded slash, a malformed escape,
    /// bytes that are not UTF-8, something that a second decoding would change, or is too long.
    pub fn from_path(path: &str) -> Result<Self, BadName> {
        let raw = path.strip_prefix('/').ok_or(BadName)?;
        // The escaped spelling of our own prefix is another path, not a second name for this one.
        if !raw.starts_with(GAMES) {
            return Err(BadName);
        }
        // An escape spends three bytes on one, so nothing longer can become a key.
        if raw.len() > 3 * MAX_KEY_BYTES || raw.contains(['?', '#']) || has_bad_escape(raw) {
            return Err(BadName);
        }
        let key = percent_decode_str(raw).decode_utf8().map_err(|_| BadName)?;
        Self::from_decoded(key.into_owned())
    }

    /// The key of `file`, a decoded relative name, in `game`.
    ///
    /// # Errors
    /// [`BadName`] as for [`ObjectKey::from_path`].
    pub fn in_game(game: GameId<'_>, file: &str) -> Result<Self, BadName> {
        Self::from_decoded(format!("{GAMES}{}/{file}", game.as_str()))
    }

    fn from_decoded(key: String) -> Result<Self, BadName> {
        if key.len() > MAX_KEY_BYTES || !is_plain(&key) {
            return Err(BadName);
        }
        let in_games = key.strip_prefix(GAMES).ok_or(BadName)?;
        let (game, _file) = in_games.split_once('/').ok_or(BadName)?;
        let game_end = GAMES.len() + GameId::new(game)?.as_str().len();
        Ok(Self { key, game_end })
    }

    /// The key as the bucket knows it: `games/{game_id}/{file...}`, nothing escaped.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// The game the object belongs to.
    #[must_use]
    pub fn game(&self) -> GameId<'_> {
        GameId(&self.key[GAMES.len()..self.game_end])
    }

    /// The name inside the game: `master.m3u8`, `720p/seg_00001.m4s`.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.key[self.game_end + 1..]
    }

    /// What the object is for.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        const MEDIA: [&str; 8] = ["m4s", "mp4", "ts", "aac", "m4a", "cmfv", "cmfa", "cmft"];
        let name = self.key.rsplit('/').next().unwrap_or_default();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if extension.eq_ignore_ascii_case("m3u8") {
            ObjectKind::Playlist
        } else if MEDIA
            .iter()
            .any(|media| extension.eq_ignore_ascii_case(media))
        {
            ObjectKind::Media
        } else {
            ObjectKind::Other
        }
    }

    /// How long a player may keep the object (RFC 9111 §5.2.2). Always `private`: the answer was
    /// given to one viewer.
    #[must_use]
    pub fn cache_control(&self) -> &'static str {
        match self.kind() {
            // It names captions and chapters as a playlist does, and a title may be mended.
            ObjectKind::Other if self.file() == "film.json" => "private, max-age=60",
            ObjectKind::Playlist => "private, max-age=60",
            ObjectKind::Media => "private, max-age=31536000, immutable",
            ObjectKind::Other => "private, max-age=3600",
        }
    }

    /// The one canonical path of the object: every byte but RFC 3986's unreserved ones is escaped.
    /// [`ObjectKey::from_path`] gives the same key back.
    #[must_use]
    pub fn to_path(&self) -> String {
        let mut path = String::with_capacity(self.key.len() + 1);
        path.push('/');
        path.extend(utf8_percent_encode(&self.key, ESCAPED_IN_PATH));
        path
    }
}

/// What the origin can be asked for: an object of a game, or an original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredKey {
    /// Asked for through the gate, by `/games/…`.
    Object(ObjectKey),
    /// Asked for through `source`, by `/originals/…`.
    Original(SourceKey),
}

/// The part of the bucket that an origin serves. Configuration, not the asker's choice: the origin behind
/// the gate cannot be talked into an original, nor the one behind `source` into another path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// `/games/…`
    Games,
    /// `/originals/…`, which is any key of the bucket.
    Originals,
}

impl StoredKey {
    /// Reads the path of a request to an origin that serves this part.
    ///
    /// # Errors
    /// [`BadName`] when it names nothing of it.
    pub fn from_path(path: &str, serves: Serves) -> Result<Self, BadName> {
        match serves {
            Serves::Games => ObjectKey::from_path(path).map(Self::Object),
            Serves::Originals => SourceKey::from_path(path)
                .map(Self::Original)
                .ok_or(BadName),
        }
    }

    /// The key as the bucket knows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Object(key) => key.as_str(),
            Self::Original(key) => key.as_str(),
        }
    }

    /// The path of the object in its bucket, escaped.
    #[must_use]
    pub fn bucket_path(&self) -> String {
        match self {
            Self::Object(key) => key.to_path(),
            Self::Original(key) => key.bucket_path(),
        }
    }
}

/// Whether `raw` holds `%` without two hexadecimal digits, or an escaped slash.
fn has_bad_escape(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    bytes
        .iter()
        .enumerate()
        .filter(|&(_, &byte)| byte == b'%')
        .any(|(at, _)| {
            let [high, low] = [1, 2].map(|ahead| bytes.get(at + ahead).copied().unwrap_or(b'%'));
            let escape = high.is_ascii_hexdigit() && low.is_ascii_hexdigit();
            !escape || (high == b'2' && low.eq_ignore_ascii_case(&b'f'))
        })
}

/// Whether decoded text can only be read in one way: no empty or dot segment, no backslash, no
/// control character, no escape left.
fn is_plain(text: &str) -> bool {
    let once = !text.contains('%') || matches!(percent_decode_str(text).into(), Cow::Borrowed(_));
    once && !text.contains(|c: char| c == '\\' || c.is_control())
        && text
            .split('/')
            .all(|segment| !matches!(segment, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use alloc::{
        string::{String, ToString},
        vec::Vec,
    };

    use super::*;

    fn key(path: &str) -> Result<String, BadName> {
        ObjectKey::from_path(path).map(|key| key.as_str().to_string())
    }

    #[test]
    fn a_path_is_decoded_once() {
        for (path, expected) in [
            ("/games/2025001/master.m3u8", "games/2025001/master.m3u8"),
            ("/games/a/720p/seg_00001.m4s", "games/a/720p/seg_00001.m4s"),
            ("/games/a/b%20c+(1)~.mp4", "games/a/b c+(1)~.mp4"),
            ("/games/Gr%C3%B6%C3%9Fe/f.ts", "games/Größe/f.ts"),
            ("/games/Größe/f.ts", "games/Größe/f.ts"),
            ("/games/a/100%25.mp4", "games/a/100%.mp4"),
            ("/games/a/x%26y%3Dz%3F%23.vtt", "games/a/x&y=z?#.vtt"),
            ("/games/a/...", "games/a/..."),
            ("/games/a/%2e%2e%2e", "games/a/..."),
        ] {
            assert_eq!(key(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn a_path_with_two_readings_is_refused() {
        for path in [
            "",
            "/",
            "games/a/b",
            "/games",
            "/games/",
            "/games/a",
            "/games/a/",
            "/games//b",
            "/games/a//b",
            "//games/a/b",
            "/games/a/b/",
            "/games/./b",
            "/games/../b",
            "/games/a/..",
            "/games/a/./b",
            "/games/a/%2e%2E/b",
            "/games/a/.%2e",
            "/games/a/b%2Fc",
            "/games/a/b%2fc",
            "/games/a%2fb",
            "/games/a/b%252fc",
            "/games/a/%252e%252e",
            "/games/a/%2525",
            "/games/a/%25%34%31",
            "/games/a/b\\c",
            "/games/a/b%5Cc",
            "/games/a/b%00",
            "/games/a/b%0d%0aX:1",
            "/games/a/b%7f",
            "/games/a/%C2%85",
            "/games/a/b\n",
            "/games/a/%",
            "/games/a/%4",
            "/games/a/%zz",
            "/games/a/%+1",
            "/games/a/%%34%31",
            "/games/a/%ff",
            "/games/a/%c0%af",
            "/games/a/%c0%ae%c0%ae/b",
            "/games/a/%ed%a0%80",
            "/Games/a/b",
            "/%67ames/a/b",
            "/games/a/b?t=1",
            "/games/a/b#c",
            "/other/a/b",
        ] {
            assert_eq!(key(path), Err(BadName), "{path:?}");
        }
    }

    #[test]
    fn lengths_are_counted_in_decoded_bytes() {
        let game = "g".repeat(MAX_GAME_ID_BYTES);
        assert!(key(&format!("/games/{game}/f")).is_ok());
        assert!(key(&format!("/games/{game}g/f")).is_err());
        assert!(key(&format!("/games/{}/f", "%67".repeat(MAX_GAME_ID_BYTES))).is_ok());
        let file = "f".repeat(MAX_KEY_BYTES - "games/a/".len());
        assert!(key(&format!("/games/a/{file}")).is_ok());
        assert!(key(&format!("/games/a/{file}f")).is_err());
        assert!(key(&format!("/games/a/{}", "%66".repeat(file.len()))).is_ok());
    }

    #[test]
    fn a_key_knows_its_parts() -> Result<(), BadName> {
        let key = ObjectKey::from_path("/games/G%201/720p/a.m4s")?;
        assert_eq!((key.game().as_str(), key.file()), ("G 1", "720p/a.m4s"));
        assert_eq!(
            ObjectKey::in_game(GameId::new("G 1")?, "720p/a.m4s"),
            Ok(key)
        );
        assert_eq!(
            ObjectKey::in_game(GameId::new("g")?, "../h/a"),
            Err(BadName)
        );
        assert_eq!(ObjectKey::in_game(GameId::new("g")?, ""), Err(BadName));
        assert!(BadName.to_string().starts_with("is no usable name"));
        for id in ["", ".", "..", "a/b", "a\\b", "a\0", "a%41"] {
            assert_eq!(GameId::new(id), Err(BadName), "{id:?}");
        }
        Ok(())
    }

    #[test]
    fn the_extension_decides_how_long_it_keeps() -> Result<(), BadName> {
        let year = "private, max-age=31536000, immutable";
        let hour = "private, max-age=3600";
        for (file, expected) in [
            ("master.m3u8", "private, max-age=60"),
            ("A.M3U8", "private, max-age=60"),
            ("film.json", "private, max-age=60"),
            ("package.json", hour),
            ("init.mp4", year),
            ("s.m4s", year),
            ("s.ts", year),
            ("s.aac", year),
            ("s.m4a", year),
            ("s.cmfv", year),
            ("s.cmfa", year),
            ("s.cmft", year),
            ("poster.jpg", hour),
            ("en.vtt", hour),
            ("m4s", hour),
            ("a.mp4/poster", hour),
            ("x.m3u8.bak", hour),
        ] {
            let key = ObjectKey::in_game(GameId::new("g")?, file)?;
            assert_eq!(key.cache_control(), expected, "{file}");
        }
        Ok(())
    }

    #[test]
    fn the_canonical_path_escapes_all_but_unreserved() -> Result<(), BadName> {
        let key = ObjectKey::from_path("/games/a/Größe (1)+a&b=c%25~._-.mp4")?;
        assert_eq!(
            key.to_path(),
            "/games/a/Gr%C3%B6%C3%9Fe%20%281%29%2Ba%26b%3Dc%25~._-.mp4"
        );
        assert_eq!(
            GameId::new("Größe %")?.to_path(),
            "/games/Gr%C3%B6%C3%9Fe%20%25/"
        );
        Ok(())
    }

    proptest::proptest! {
        #[test]
        fn any_path_is_refused_or_survives_the_round_trip(path in "/games/[^?]{0,40}") {
            if let Ok(key) = ObjectKey::from_path(&path) {
                proptest::prop_assert_eq!(ObjectKey::from_path(&key.to_path()), Ok(key));
            }
        }

        #[test]
        fn any_bytes_escaped_are_a_key_or_refused(bytes: Vec<u8>) {
            let escaped: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            if let Ok(key) = ObjectKey::from_path(&format!("/games/g/{escaped}")) {
                proptest::prop_assert_eq!(key.file().as_bytes(), &bytes[..]);
            }
        }
    }
}

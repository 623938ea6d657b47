//! For how long an object is believed to be what the bucket has.

/// What lies at a name that is used again: a film that is packaged anew shows up after this.
const OTHERS: u64 = 5_000;

/// An edition has other names when it has other bytes. That it is still in the bucket is asked for once a day,
/// so that a film that was deleted is gone for good.
const EDITIONS: u64 = 24 * 60 * 60 * 1000;

/// Hexadecimal digits in an edition's name.
const DIGITS: usize = 10;

/// Milliseconds for which the object at `path`, `/games/{id}/{file…}`, need not be asked for again.
pub(crate) fn of(path: &str) -> u64 {
    let mut parts = path.split('/').skip(3);
    match (parts.next(), parts.next()) {
        (Some(folder), Some(_)) if is_edition(folder) => EDITIONS,
        _ => OTHERS,
    }
}

/// `v` or `c`, and ten hexadecimal digits: what the packager calls an edition of a film or of its captions.
fn is_edition(folder: &str) -> bool {
    let digits = folder.strip_prefix(['v', 'c']).unwrap_or_default();
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    digits.len() == DIGITS && digits.bytes().all(is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_are_told_by_their_folder() {
        for path in [
            "/games/7/v0123456789/v0/seg_00000.m4s",
            "/games/7/v0123456789/v0.m3u8",
            "/games/G%201/cabcdef0123/en.vtt",
        ] {
            assert_eq!(of(path), EDITIONS, "{path}");
        }
        for path in [
            "/games/7/master.m3u8",
            "/games/7/v0123456789",
            "/games/7/v012345678/a",
            "/games/7/v01234567890/a",
            "/games/7/v012345678G/a",
            "/games/7/V0123456789/a",
            "/games/7/x0123456789/a",
            "/games/v0123456789/master.m3u8",
            "/games/7/a/v0123456789/b",
        ] {
            assert_eq!(of(path), OTHERS, "{path}");
        }
    }
}

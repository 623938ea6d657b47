//! The little that is read of the XML with which S3 explains an error.
//!
//! Two elements with plain text in them are wanted, out of a document whose shape differs from store
//! to store and which may be cut off. So they are looked for by their tags: no parser, hence no
//! entities to expand, no depth to exhaust, and a value is taken only when it is a plain word.

use alloc::string::String;

/// How much of an error's body is read, in bytes. S3's are under 1 KiB; the rest is someone else's.
pub(super) const LIMIT: usize = 64 * 1024;

/// No S3 error code is longer; the longest documented ones have some 50 letters.
const MAX_CODE: usize = 64;

/// S3's name for the error: `NoSuchKey`.
pub(crate) fn code(document: &[u8]) -> Option<String> {
    let code = text_of(document, b"<Code>", b"</Code>")?;
    let plain = code.len() <= MAX_CODE
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    (plain && !code.is_empty()).then(|| code.into())
}

/// The size of the object that a range lies outside of, in bytes.
pub(super) fn actual_size(document: &[u8]) -> Option<u64> {
    let digits = text_of(document, b"<ActualObjectSize>", b"</ActualObjectSize>")?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

fn text_of<'a>(document: &'a [u8], open: &[u8], close: &[u8]) -> Option<&'a str> {
    let start = find(document, open)? + open.len();
    let end = start + find(&document[start..], close)?;
    core::str::from_utf8(&document[start..end])
        .ok()
        .map(str::trim)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    /// "REST error responses" in the Amazon S3 API reference.
    const S3: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<Error>
  <Code>NoSuchKey</Code>
  <Message>The resource you requested does not exist</Message>
  <Resource>/mybucket/myfoto.jpg</Resource>
  <RequestId>4442587FB7D0A2F9</RequestId>
</Error>";

    #[test]
    fn the_code_is_found() {
        assert_eq!(code(S3.as_bytes()).as_deref(), Some("NoSuchKey"));
        for (document, expected) in [
            (
                "<Error><Code>\n AccessDenied \n</Code></Error>",
                Some("AccessDenied"),
            ),
            // Minio, SeaweedFS and others give codes of their own.
            (
                "<Error><Code>XMinioServerNotInitialized</Code></Error>",
                Some("XMinioServerNotInitialized"),
            ),
            // Cut off after it.
            (
                "<Error><Code>NoSuchBucket</Code><Mess",
                Some("NoSuchBucket"),
            ),
            ("<Error><Code>NoSuchBuck", None),
            ("<Error><Code></Code></Error>", None),
            ("<Error><Code/></Error>", None),
            ("<html><body>404</body></html>", None),
            ("", None),
            ("</Code><Code>", None),
            // Nothing that could fool a log's reader, and nothing that would have to be expanded.
            ("<Code>a\nerror: all is lost</Code>", None),
            ("<Code>&lol9;</Code>", None),
            ("<Code><![CDATA[NoSuchKey]]></Code>", None),
            ("<Code>Größe</Code>", None),
            ("<Code>\u{1b}[31m</Code>", None),
        ] {
            assert_eq!(code(document.as_bytes()).as_deref(), expected, "{document}");
        }
        assert_eq!(code(b"<Code>\xff\xfe</Code>"), None);
        assert_eq!(
            code(format!("<Code>{}</Code>", "a".repeat(65)).as_bytes()),
            None
        );
    }

    #[test]
    fn the_size_is_found() {
        let document =
            |size: &str| format!("<Error><ActualObjectSize>{size}</ActualObjectSize></Error>");
        assert_eq!(actual_size(document("1234").as_bytes()), Some(1234));
        assert_eq!(actual_size(document("0").as_bytes()), Some(0));
        for size in ["", "-1", "+1", "1.5", "99999999999999999999"] {
            assert_eq!(actual_size(document(size).as_bytes()), None, "{size}");
        }
        assert_eq!(actual_size(S3.as_bytes()), None);
    }
}

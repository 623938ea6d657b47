//! What a bucket may be called.

use std::net::Ipv4Addr;

/// Whether a bucket can have this name: 3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit at
/// both ends, no two dots in a row, and no address (Amazon S3 User Guide, "General purpose bucket naming rules").
pub(crate) fn is_bucket_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes
            .iter()
            .all(|&byte| is_plain(byte) || byte == b'.' || byte == b'-')
        && bytes.first().copied().is_some_and(is_plain)
        && bytes.last().copied().is_some_and(is_plain)
        && !name.contains("..")
        && name.parse::<Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the guide.
    #[test]
    fn names_are_as_amazon_says() {
        for name in [
            "docexamplebucket-1a1b2c3d4-5678-90ab",
            "docexamplewebsite.com",
            "my.example.s3.bucket",
            "abc",
        ] {
            assert!(is_bucket_name(name), "{name}");
        }
        let long = "a".repeat(64);
        for name in [
            "doc_example_bucket",
            "DocExampleBucket",
            "doc-example-bucket-",
            "192.168.5.4",
            "a..b",
            "ab",
            "",
            &long,
        ] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }
}

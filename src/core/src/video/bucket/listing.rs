//! The little that is read of the XML with which S3 lists objects, in the manner of
//! [`error_document`](crate::origin::error_document): elements with plain text, looked for by their tags.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::{Asked, BucketStore, MAX_ANSWER_BYTES, Transport};
use crate::video::store::{Right, StoreError};

/// The most keys that a bucket gives at once.
pub(super) const MAX_KEYS: usize = 1000;

/// A page of keys, in the order of their bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) keys: Vec<String>,
    /// Whether there are more behind the last.
    pub(super) more: bool,
}

impl<T: Transport> BucketStore<'_, T> {
    /// The keys that begin with `prefix` and stand behind `after`, at most `limit` of them.
    pub(super) async fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, MAX_KEYS).to_string();
        let mut query = alloc::vec![
            ("list-type", "2"),
            ("max-keys", limit.as_str()),
            ("prefix", prefix),
        ];
        query.extend(after.map(|after| ("start-after", after)));
        let asked = Asked {
            query: &query,
            ..Asked::get("")
        };
        let answer = self.until_answered(&asked).await?;
        if answer.status != 200 {
            return Err(answer.refusal(Right::List, self.bucket));
        }
        if answer.body.len() > MAX_ANSWER_BYTES {
            return Err(garbled("is too long"));
        }
        let page = Page::read(&answer.body).map_err(garbled)?;
        page.goes_on_behind(after.unwrap_or_default())
    }
}

impl Page {
    fn read(document: &[u8]) -> Result<Self, &'static str> {
        let text = core::str::from_utf8(document).map_err(|_| "is not UTF-8")?;
        let (_, list) = text.split_once("<ListBucketResult").ok_or("is none")?;
        // Cut off between two objects, it would look whole.
        let (list, _) = list.split_once("</ListBucketResult>").ok_or("breaks off")?;
        let more = element(list, "IsTruncated").ok_or("does not say whether it is all")?;
        let keys: Option<Vec<String>> = list
            .split("<Contents>")
            .skip(1)
            .map(|contents| element(contents, "Key").and_then(unescaped))
            .collect();
        Ok(Self {
            keys: keys.ok_or("holds an object without a key")?,
            more: more == "true",
        })
    }

    /// Who asks for what is behind this page must get further.
    fn goes_on_behind(self, after: &str) -> Result<Self, StoreError> {
        if self.keys.iter().any(|key| key.as_str() <= after) {
            return Err(garbled("does not heed `start-after`"));
        }
        if self.more && self.keys.is_empty() {
            return Err(garbled("is empty and yet not the last"));
        }
        Ok(self)
    }
}

fn garbled(how: &str) -> StoreError {
    StoreError::Garbled(alloc::format!("bucket's list of objects {how}"))
}

fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let open = alloc::format!("<{name}>");
    let (_, behind) = document.split_once(open.as_str())?;
    let (text, tail) = behind.split_once("</")?;
    tail.starts_with(name).then_some(text)
}

/// XML 1.0 §4.1 and §4.6; `None` for what is no reference.
fn unescaped(mut text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    while let Some((before, behind)) = text.split_once('&') {
        let (name, rest) = behind.split_once(';')?;
        plain.push_str(before);
        plain.push(referred(name)?);
        text = rest;
    }
    plain.push_str(text);
    Some(plain)
}

fn referred(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    /// "ListObjectsV2" in the Amazon S3 API reference, the example answer to a request for all keys.
    const S3: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    <Name>bucket</Name>
    <Prefix/>
    <KeyCount>205</KeyCount>
    <MaxKeys>1000</MaxKeys>
    <IsTruncated>false</IsTruncated>
    <Contents>
        <Key>my-image.jpg</Key>
        <LastModified>2009-10-12T17:50:30.000Z</LastModified>
        <ETag>"fba9dede5f27731c9771645a39863328"</ETag>
        <Size>434234</Size>
        <StorageClass>STANDARD</StorageClass>
    </Contents>
    <Contents>
        <Key>my-third-image.jpg</Key>
        <Size>64994</Size>
    </Contents>
</ListBucketResult>"#;

    /// On one line, `IsTruncated` after the objects and the owner inside them, as R2 and moto write it.
    const ONE_LINE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>films</Name><Contents><Key>.reelgate/videos/a.json</Key><Size>1</Size><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>&quot;9b&quot;</ETag><Owner><ID>x</ID></Owner></Contents><Contents><Key>.reelgate/videos/b &amp; &lt;c&gt; &#34;&#x27;&apos;.json</Key></Contents><IsTruncated>true</IsTruncated><MaxKeys>2</MaxKeys><KeyCount>2</KeyCount><NextContinuationToken>1Yw==</NextContinuationToken></ListBucketResult>";

    #[test]
    fn keys_are_read_as_they_are_meant() {
        let page = Page::read(S3.as_bytes()).unwrap();
        assert_eq!(page.keys, ["my-image.jpg", "my-third-image.jpg"]);
        assert!(!page.more);
        let page = Page::read(ONE_LINE.as_bytes()).unwrap();
        let expected = [
            ".reelgate/videos/a.json",
            ".reelgate/videos/b & <c> \"''.json",
        ];
        assert_eq!(page.keys, expected);
        assert!(page.more);
        let nothing = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
        assert_eq!(Page::read(nothing.as_bytes()).unwrap().keys, [""; 0]);
    }

    #[test]
    fn what_is_no_list_is_no_empty_list() {
        let of = |key: &str| {
            let contents = format!("<Contents><Key>{key}</Key></Contents>");
            format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
            )
        };
        assert!(Page::read(of("a").as_bytes()).is_ok());
        for document in [
            String::new(),
            "<html><body>It works!</body></html>".into(),
            "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>".into(),
            // Cut off.
            S3[..300].into(),
            ONE_LINE[..200].into(),
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents>"
                .into(),
            of("a&b"),
            of("&unknown;"),
            of("&#xD800;"),
            of("&#;"),
        ] {
            assert!(Page::read(document.as_bytes()).is_err(), "{document}");
        }
        assert!(Page::read(b"<ListBucketResult>\xff").is_err());
    }

    #[test]
    fn a_list_that_goes_in_circles_is_refused() {
        let page = |keys: &[&str], more| Page {
            keys: keys.iter().map(ToString::to_string).collect(),
            more,
        };
        assert!(page(&["b", "c"], true).goes_on_behind("a").is_ok());
        assert!(page(&[], false).goes_on_behind("a").is_ok());
        for bad in [page(&["a", "b"], true), page(&[], true)] {
            assert!(bad.goes_on_behind("a").is_err());
        }
    }
}

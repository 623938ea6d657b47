//! What is asked of a bucket before it is trusted.

use reelgate_core::video::routes::problem::Kind;
use reelgate_core::video::{Right, StoreError, Trouble};

use crate::fake_bucket::FakeBucket;
use crate::place::{Place, alone};
use crate::rows::NOW;

fn probe(bucket: &FakeBucket) -> Result<(), Trouble> {
    alone(bucket.catalog().trust(NOW, [1; 16]))
}

#[test]
fn a_bucket_that_ignores_conditions_is_refused() {
    let ignores = |if_match, if_none_match| FakeBucket {
        ignores_if_match: if_match,
        ignores_if_none_match: if_none_match,
        ..FakeBucket::default()
    };
    let named = |bucket| probe(&bucket).unwrap_err();
    assert_eq!(
        named(ignores(true, false)),
        Trouble::IgnoresConditions("If-Match")
    );
    let first = Trouble::IgnoresConditions("If-None-Match");
    assert_eq!(named(ignores(false, true)), first);
    assert_eq!(named(ignores(true, true)), first);
    assert_eq!(first.kind(), Kind::Internal);
    assert!(
        first
            .to_string()
            .contains("keep the catalog in one that does")
    );
    let bucket = ignores(true, false);
    probe(&bucket).unwrap_err();
    assert_eq!(bucket.objects.borrow().len(), 0);
    assert_eq!(probe(&FakeBucket::default()), Ok(()));
}

#[test]
fn a_right_that_is_missing_is_named() {
    for (line, right, says) in [
        ("GET .reelgate/probe/0101", Right::Read, "GetObject"),
        ("PUT", Right::Write, "PutObject"),
        ("DELETE", Right::Delete, "DeleteObject"),
        ("LIST", Right::List, "ListBucket"),
    ] {
        let bucket = FakeBucket::default();
        bucket.forbidden.set(Some(line));
        let trouble = probe(&bucket).unwrap_err();
        assert_eq!(trouble, Trouble::Store(StoreError::Forbidden(right)));
        let text = trouble.to_string();
        assert!(
            text.contains(says) && text.contains("catalog_access_key_id"),
            "{text}"
        );
        assert!(text.contains("s3_secret_access_key"), "{text}");
        assert_eq!(trouble.kind(), Kind::Internal);
    }
}

#[test]
fn objects_without_a_version_are_no_good() {
    let bucket = FakeBucket {
        no_etags: true,
        ..FakeBucket::default()
    };
    let trouble = probe(&bucket).unwrap_err();
    assert!(
        matches!(trouble, Trouble::Store(StoreError::Garbled(_))),
        "{trouble}"
    );
}

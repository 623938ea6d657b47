//! Every stage of the pipe against AWS's own example, whole URLs against botocore and `rusty-s3`.

use alloc::{format, vec::Vec};
use core::time::Duration as Seconds;

use proptest::prelude::*;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use serde::Deserialize;

use super::*;
use crate::{
    key::{GameId, ObjectKey, SourceKey, StoredKey},
    origin::Config,
};

/// The example of "Authenticating Requests: Using Query Parameters" in the Amazon S3 API reference:
/// GET of `test.txt` in `examplebucket`, good for a day from 2013-05-24T00:00:00Z.
mod aws_example {
    use super::*;

    const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const HOST: &str = "examplebucket.s3.amazonaws.com";
    const NOW: UnixTime = UnixTime(1_369_353_600);
    const DAY: u64 = 86_400;
    const QUERY: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host";
    const CANONICAL_REQUEST: &str = concat!(
        "GET\n",
        "/test.txt\n",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\n",
        "host:examplebucket.s3.amazonaws.com\n",
        "\n",
        "host\n",
        "UNSIGNED-PAYLOAD"
    );
    const STRING_TO_SIGN: &str = concat!(
        "AWS4-HMAC-SHA256\n",
        "20130524T000000Z\n",
        "20130524/us-east-1/s3/aws4_request\n",
        "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04"
    );
    const SIGNATURE: &str = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

    const REQUEST: Unsigned<'_> = Unsigned {
        method: Method::Get,
        headers: &[("host", HOST)],
        path: "/test.txt",
        query: &[],
    };

    fn signer() -> Signer {
        let secret = SecretKey::new(SECRET).unwrap();
        Signer::new(KEY_ID.into(), secret, "us-east-1".into())
    }

    #[test]
    fn query() {
        assert_eq!(signer().query(&Stamp::of(NOW), &REQUEST, DAY), QUERY);
    }

    #[test]
    fn request() {
        assert_eq!(canonical_request(&REQUEST, QUERY), CANONICAL_REQUEST);
    }

    #[test]
    fn text_to_sign() {
        let text = signer().string_to_sign(&Stamp::of(NOW), CANONICAL_REQUEST);
        assert_eq!(text, STRING_TO_SIGN);
    }

    #[test]
    fn signature() {
        let key = signer().derive(&Stamp::of(NOW));
        let signature = tag(key, STRING_TO_SIGN.as_bytes());
        assert_eq!(hex::lower(&signature), SIGNATURE);
    }

    #[test]
    fn whole() {
        let url = signer().presign_for(&REQUEST, NOW, DAY);
        assert_eq!(
            url,
            format!("/test.txt?{QUERY}&X-Amz-Signature={SIGNATURE}")
        );
    }
}

/// `vectors/presigned.json`; `presigned.py` beside it says how it was made.
#[derive(Deserialize)]
struct Vectors {
    access_key_id: String,
    secret_access_key: String,
    urls: Vec<Vector>,
    uploads: Vec<UploadVector>,
    catalog: Vec<String>,
}

#[derive(Deserialize)]
struct UploadVector {
    endpoint: String,
    bucket: String,
    region: String,
    unix_time: u64,
    key: String,
    length: u64,
    r#type: String,
    url: String,
}

#[derive(Deserialize)]
struct Vector {
    endpoint: String,
    bucket: String,
    region: String,
    unix_time: u64,
    method: String,
    key: String,
    url: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../vectors/presigned.json")).unwrap()
}

fn config(endpoint: &str, bucket: &str, region: &str, id: &str, secret: &str) -> Config {
    config_with(endpoint, bucket, region, id, secret, None)
}

fn config_with(
    endpoint: &str,
    bucket: &str,
    region: &str,
    id: &str,
    secret: &str,
    token: Option<&str>,
) -> Config {
    let lookup = |name: &str| {
        Some(String::from(match name {
            "s3_endpoint" => endpoint,
            "s3_bucket" => bucket,
            "s3_region" => region,
            "s3_access_key_id" => id,
            "s3_secret_access_key" => secret,
            "s3_session_token" => token?,
            _ => return None,
        }))
    };
    Config::from_lookup(&lookup).unwrap()
}

fn key(text: &str) -> StoredKey {
    let mut parts = text.splitn(3, '/').skip(1);
    let game = GameId::new(parts.next().unwrap()).unwrap();
    StoredKey::Object(ObjectKey::in_game(game, parts.next().unwrap()).unwrap())
}

fn signed_url(config: &Config, method: Method, key: &StoredKey, now: UnixTime) -> String {
    let scheme = config.scheme().as_str();
    let authority = config.authority();
    format!("{scheme}://{authority}{}", config.sign(method, key, now))
}

#[test]
fn urls_are_those_of_botocore() {
    let vectors = vectors();
    assert_eq!(vectors.urls.len(), 24);
    for vector in vectors.urls {
        let mut config = config(
            &vector.endpoint,
            &vector.bucket,
            &vector.region,
            &vectors.access_key_id,
            &vectors.secret_access_key,
        );
        let method = if vector.method == "HEAD" {
            Method::Head
        } else {
            Method::Get
        };
        let (key, now) = (key(&vector.key), UnixTime(vector.unix_time));
        assert_eq!(signed_url(&config, method, &key, now), vector.url);
        // A prepared day, the last of several, signs alike.
        config.prepare(UnixTime(now.0 - 2 * 86_400), 3);
        assert_eq!(signed_url(&config, method, &key, now), vector.url);
    }
}

#[test]
fn uploads_are_those_of_botocore() {
    let vectors = vectors();
    assert_eq!(vectors.uploads.len(), 3);
    for vector in &vectors.uploads {
        let config = config(
            &vector.endpoint,
            &vector.bucket,
            &vector.region,
            &vectors.access_key_id,
            &vectors.secret_access_key,
        );
        let key = SourceKey::new(&vector.key).unwrap();
        let now = UnixTime(vector.unix_time);
        let upload = config.presign_upload(&key, vector.length, &vector.r#type, now);
        assert_eq!(upload.url, vector.url);
        assert_eq!(upload.expires_at, now.plus(3600));
        assert!(!format!("{upload:?}").contains("Signature"));
        let json = serde_json::to_value(&upload).unwrap();
        assert_eq!(json["method"], "PUT");
        assert_eq!(json["headers"]["content-type"], vector.r#type.as_str());
        assert_eq!(
            json["headers"]["content-length"],
            format!("{}", vector.length)
        );
    }
}

fn signature(url: &str) -> &str {
    let (_, signature) = url.split_once("X-Amz-Signature=").unwrap();
    signature
}

#[test]
fn what_the_catalog_asks_is_signed_as_by_botocore() {
    const ROW: &str = "/.reelgate/videos/a-1.json";
    const HOST: (&str, &str) = ("host", "account.r2.cloudflarestorage.com");
    const MARK: (&str, &str) = (
        "x-amz-meta-reelgate-write",
        "0123456789abcdef0123456789abcdef",
    );
    const ETAG: &str = "\"9b2cf535f27731c974343645a3985328\"";
    // botocore asks for escaped keys.
    const LIST: [(&str, &str); 2] = [("encoding-type", "url"), ("list-type", "2")];
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let lists: [Pairs<'_>; 2] = [
        &[
            LIST[0],
            LIST[1],
            ("max-keys", "1000"),
            ("prefix", ".reelgate/in-flight/"),
        ],
        &[
            LIST[0],
            LIST[1],
            ("max-keys", "51"),
            ("prefix", ".reelgate/videos/"),
            ("start-after", ".reelgate/videos/a-1.json &+"),
        ],
    ];
    let asked: [(Method, &str, Pairs<'_>, Pairs<'_>); 5] = [
        (Method::Delete, ROW, &[HOST], &[]),
        (Method::Put, ROW, &[HOST, ("if-match", ETAG), MARK], &[]),
        (Method::Put, ROW, &[HOST, ("if-none-match", "*"), MARK], &[]),
        (Method::Get, "", &[HOST], lists[0]),
        (Method::Get, "", &[HOST], lists[1]),
    ];
    let vectors = vectors();
    let (id, secret) = (&vectors.access_key_id, &vectors.secret_access_key);
    let signer = Signer::new(id.clone(), SecretKey::new(secret).unwrap(), "auto".into());
    assert_eq!(vectors.catalog.len(), asked.len());
    for ((method, path, headers, query), expected) in asked.iter().zip(&vectors.catalog) {
        let request = Unsigned {
            method: *method,
            headers,
            path: &format!("/films{path}"),
            query,
        };
        let signed = signer.presign(&request, UnixTime(1_740_832_496));
        assert_eq!(signature(&signed), signature(expected), "{signed}");
        // The same parameters, in an order that does not matter.
        let parameters = |url: &str| -> Vec<String> {
            let mut all: Vec<_> = url.split(['?', '&']).skip(1).map(Into::into).collect();
            all.sort();
            all
        };
        assert_eq!(parameters(&signed), parameters(expected));
    }
}

proptest! {
    #[test]
    fn urls_are_those_of_rusty_s3(
        file in "[^\\x00-\\x1f\\x7f-\\x9f/\\\\%]{1,60}",
        id in "[!-.0-~]{1,40}",
        secret in "[!-~]{1,100}",
        region in "[a-z0-9-]{1,20}",
        token in proptest::option::of("[A-Za-z0-9+/]{1,200}={0,2}"),
        port in proptest::option::of(1..u16::MAX),
        second in 0..253_402_300_799_u64,
        prepared_ago in 0..3_u64,
    ) {
        prop_assume!(file != "." && file != "..");
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let endpoint = format!("https://bucket.example{port}");
        let mut config = config_with(&endpoint, "films", &region, &id, &secret, token.as_deref());
        config.prepare(UnixTime(second.saturating_sub(prepared_ago * 86_400)), 2);
        let key = key(&format!("games/7/{file}"));

        let bucket = Bucket::new(endpoint.parse().unwrap(), UrlStyle::Path, "films", region).unwrap();
        let credentials = match token {
            Some(token) => Credentials::new_with_token(id, secret, token),
            None => Credentials::new(id, secret),
        };
        let expected = bucket
            .get_object(Some(&credentials), key.as_str())
            .sign_with_time(Seconds::from_secs(EXPIRES), &Timestamp::from_second(second as i64).unwrap());
        prop_assert_eq!(signed_url(&config, Method::Get, &key, UnixTime(second)), expected.as_str());
    }

    #[test]
    fn no_time_is_too_late_to_sign(second: u64, days in 0..3_usize) {
        let secret = SecretKey::new("secret").unwrap();
        let mut signer = Signer::new("id".into(), secret, "auto".into());
        signer.prepare(UnixTime(second), days);
        let request = Unsigned {
            method: Method::Get,
            headers: &[("host", "host")],
            path: "/films/games/7/a",
            query: &[],
        };
        signer.presign(&request, UnixTime(second));
    }
}

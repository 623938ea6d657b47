//! Source addresses as Python signs them, and as others bend them.

use alloc::vec::Vec;

use super::*;
use crate::vectors;

fn secret() -> Secrets {
    secrets(&vectors::stream().source_signatures.secret)
}

fn secrets(text: &str) -> Secrets {
    Secrets::at_least(1, text).unwrap()
}

const END: UnixTime = UnixTime(1_760_021_600);

fn query(key: &str, exp: &str, sig: &str) -> String {
    let key: String = utf8_percent_encode(key, ESCAPED_IN_QUERY).collect();
    format!("key={key}&exp={exp}&sig={sig}")
}

#[test]
fn signatures_are_those_of_the_vectors() {
    let cases = vectors::stream().source_signatures.cases;
    assert_eq!(cases.len(), 2);
    for case in cases {
        let key = SourceKey::new(&case.key).unwrap();
        let target = sign(&secret(), &key, UnixTime(case.exp));
        assert!(target.starts_with(PATH), "{target}");
        assert!(target.ends_with(&format!("&exp={}&sig={}", case.exp, case.sig)));
        let at_the_end = verify(query::query_of(&target), &secret(), UnixTime(case.exp));
        assert_eq!(at_the_end, Ok(key.clone()));
        let upper = query(&case.key, &case.exp.to_string(), &case.sig.to_uppercase());
        assert_eq!(verify(&upper, &secret(), END), Ok(key.clone()));
        // As Python's urlencode writes blanks.
        let blanks = target.replace("%20", "+");
        assert_eq!(verify(query::query_of(&blanks), &secret(), END), Ok(key));
        let late = verify(query::query_of(&target), &secret(), END.plus(1));
        assert_eq!(late, Err(Refused::Expired));
    }
}

#[test]
fn whatever_is_changed_is_refused() {
    let case = &vectors::stream().source_signatures.cases[0];
    let (key, exp, sig) = (case.key.as_str(), &*case.exp.to_string(), case.sig.as_str());
    let other = format!("{}0", &sig[..63]);
    for (query, expected) in [
        (query("u/v/movie.mp5", exp, sig), Refused::Signature),
        (query(key, "1760021601", sig), Refused::Signature),
        (query(key, "01760021600", sig), Refused::Signature),
        (query(key, exp, &other), Refused::Signature),
        (query(key, exp, &sig[..62]), Refused::Signature),
        (query(key, exp, "zz"), Refused::Signature),
        (query(key, "", sig), Refused::Parameter("exp")),
        (query("", exp, sig), Refused::Parameter("key")),
        (query(key, exp, ""), Refused::Parameter("sig")),
        (query(key, "soon", sig), Refused::Malformed("exp")),
        (query("../secret", exp, sig), Refused::Malformed("key")),
        (
            format!("{}&exp=1", query(key, exp, sig)),
            Refused::Parameter("exp"),
        ),
        (
            format!("key=%ff&exp={exp}&sig={sig}"),
            Refused::Malformed("key"),
        ),
        (String::new(), Refused::Parameter("key")),
    ] {
        assert_eq!(
            verify(&query, &secret(), UnixTime(0)),
            Err(expected),
            "{query}"
        );
    }
    let other = secrets("another");
    let refused = verify(&query(key, exp, sig), &other, UnixTime(0));
    assert_eq!(refused, Err(Refused::Signature));
}

#[test]
fn while_a_secret_is_replaced_both_open_and_the_new_one_signs() {
    let key = SourceKey::new("a.mp4").unwrap();
    let (old, new, both) = (secrets("old"), secrets("new"), secrets("new,old"));
    let opens = |by: &Secrets, to: &Secrets| {
        let signed = sign(by, &key, UnixTime(9));
        verify(query::query_of(&signed), to, UnixTime(9)).is_ok()
    };
    assert!(opens(&old, &both) && opens(&new, &both));
    assert!(opens(&both, &new) && !opens(&both, &old));
}

fn asked(method: Method, target: &str, secret: Option<&Secrets>) -> Decision {
    let headers = [
        ("range", "bytes=0-1"),
        ("cookie", "c=1"),
        ("authorization", "x"),
    ];
    let request = Request {
        method,
        target,
        headers: &headers[..],
    };
    decide(&request, secret, END)
}

#[test]
fn a_refusal_is_json_with_a_reason() {
    let signed = sign(&secret(), &SourceKey::new("a.mp4").unwrap(), UnixTime(9));
    for (target, own, status, reason) in [
        (&*signed, Some(secret()), 403, "\"reason\":\"expired\""),
        (PATH, Some(secret()), 400, "\"reason\":\"parameter\""),
        (&*signed, None, 503, "cf_stream_webhook_secret"),
    ] {
        let Decision::Answer(answer) = asked(Method::Get, target, own.as_ref()) else {
            panic!("{target}");
        };
        assert_eq!(answer.head.status, status);
        let body = core::str::from_utf8(&answer.body).unwrap();
        assert!(body.contains(reason), "{body}");
        let no_store = ("cache-control", Cow::Borrowed(&b"private, no-store"[..]));
        assert!(answer.head.headers.contains(&no_store));
    }
    let Decision::Answer(answer) = asked(Method::Post, &signed, Some(&secret())) else {
        panic!();
    };
    let allow = ("allow", Cow::Borrowed(&b"GET, HEAD"[..]));
    assert_eq!(answer.head.status, 405);
    assert!(answer.head.headers.contains(&allow));
}

fn forward(method: Method) -> Forward {
    let key = SourceKey::new("uploads/Größe (1)+a&b=c%20d~.mp4").unwrap();
    match asked(method, &sign(&secret(), &key, END), Some(&secret())) {
        Decision::Forward(forward) => forward,
        Decision::Answer(answer) => panic!("{answer:?}"),
    }
}

#[test]
fn the_next_handler_sees_path_and_range_alone() {
    let forward = forward(Method::Get);
    let path = "/originals/uploads/Gr%C3%B6%C3%9Fe%20%281%29%2Ba%26b%3Dc%2520d~.mp4";
    assert_eq!(forward.target(), path);
    assert_eq!(SourceKey::from_path(path).as_ref(), Some(forward.key()));
    let range = ("range", Cow::Borrowed(&b"bytes=0-1"[..]));
    assert_eq!(forward.headers(), &[range]);
}

fn head(method: Method, status: u16, length: &str) -> Vec<String> {
    let upstream = [
        ("content-length", length),
        ("content-type", "video/mp4"),
        ("x-amz-request-id", "1"),
    ];
    let Respond::Forward(head) = forward(method).respond(status, &upstream[..]) else {
        panic!("{status}");
    };
    head.headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", core::str::from_utf8(value).unwrap()))
        .collect()
}

#[test]
fn head_tells_the_size_as_stream_asks() {
    let expected = [
        "content-type: video/mp4",
        "content-length: 900",
        "accept-ranges: bytes",
        "content-range: bytes 0-899/900",
        "cache-control: private, no-store",
        "x-content-type-options: nosniff",
    ];
    assert_eq!(head(Method::Head, 200, "900"), expected);
    assert!(!head(Method::Get, 200, "900").contains(&expected[3].into()));
    // Of no bytes there is no range.
    assert_eq!(head(Method::Head, 200, "0").len(), 5);
}

#[test]
fn errors_of_the_origin_are_our_own() {
    for (status, expected) in [
        (404, 404),
        (503, 503),
        (504, 504),
        (500, 502),
        (302, 502),
        (403, 502),
    ] {
        let none: [(&str, &str); 0] = [];
        let Respond::Answer(answer) = forward(Method::Get).respond(status, &none[..]) else {
            panic!("{status}");
        };
        assert_eq!(answer.head.status, expected);
    }
}

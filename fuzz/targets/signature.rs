//! Webhook-Signature headers: nothing is authentic but what was signed, and no body is read for what is not of now.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_core::hex;
use reelgate_core::http::{Method, Request};
use reelgate_core::secret::Secrets;
use reelgate_core::time::UnixTime;
use reelgate_core::video::routes::webhook::{PATH, Signature, TOLERANCE_SECONDS, precheck};

const NOW: UnixTime = UnixTime(1_700_000_000);

fuzz_target!(|input: (&str, &[u8])| {
    let (header, body) = input;
    let secret = Secrets::at_least(16, "whsec-0123456789abcdef0123456789abcdef").expect("a secret");
    if let Ok(signature) = Signature::parse(header) {
        // Nobody guesses a tag.
        assert!(signature.verify(&secret, body).is_err());
    }
    let headers = [("webhook-signature", header)];
    let request = Request {
        method: Method::Post,
        target: PATH,
        headers: &headers[..],
    };
    if let Ok(awaited) = precheck(&request, Some(&secret), NOW) {
        let read = Signature::parse(header).expect("it was read");
        assert!(read.check_age(NOW).is_ok());
        assert!(awaited.decide(body).is_err());
    }
    // The header's own time, signed, so that what is behind the signature is reached.
    let tag = hex::lower(&secret.sign(&[header.as_bytes(), b".", body]));
    let signed = format!("time={header},sig1={tag}");
    let Ok(signature) = Signature::parse(&signed) else {
        return;
    };
    // What holds more than a time was not signed as it is read.
    let time = header.parse::<u64>();
    let near = time.is_ok_and(|time| time.abs_diff(NOW.0) <= TOLERANCE_SECONDS);
    let authentic = signature.check_age(NOW).is_ok() && signature.verify(&secret, body).is_ok();
    assert_eq!(authentic, near);
    assert!(signature.verify(&secret, &[body, b"x"].concat()).is_err());
});

//! What the log says of a request beside its route: copied from its head before a handler has that.

use http::header::{HOST, USER_AGENT};
use http::uri::Authority;
use http::{HeaderValue, Request, Version};
use std::borrow::Cow;

/// The words of a client. A clone of a header's value copies none of its bytes.
pub(crate) struct Asked {
    version: Version,
    /// The version of TLS; empty without.
    pub(crate) tls: &'static str,
    authority: Option<Authority>,
    host: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    /// Whether a playback token is in the query.
    pub(crate) has_token: bool,
}

impl Asked {
    pub(crate) fn new<B>(request: &Request<B>, tls: &'static str) -> Self {
        let header = |name| request.headers().get(name).cloned();
        Self {
            version: request.version(),
            tls,
            authority: request.uri().authority().cloned(),
            host: header(HOST),
            user_agent: header(USER_AGENT),
            has_token: request.uri().query().is_some_and(has_token),
        }
    }

    /// The version of HTTP.
    pub(crate) fn http(&self) -> &'static str {
        match self.version {
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            _ => "1.1",
        }
    }

    /// The host that was asked for; empty where there is none, or one with a password in it.
    pub(crate) fn host(&self) -> Cow<'_, str> {
        let host = match &self.authority {
            Some(authority) => authority.as_str().into(),
            None => text(self.host.as_ref()),
        };
        if host.contains('@') { "".into() } else { host }
    }

    /// What the client calls itself.
    pub(crate) fn user_agent(&self) -> Cow<'_, str> {
        text(self.user_agent.as_ref())
    }
}

fn has_token(query: &str) -> bool {
    query.split('&').any(|pair| pair.starts_with("t="))
}

fn text(value: Option<&HeaderValue>) -> Cow<'_, str> {
    value.map_or_else(Cow::default, |value| {
        String::from_utf8_lossy(value.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_host_is_left_out_and_bytes_that_are_no_text_are_marked() {
        let request = Request::get("/")
            .header(HOST, "user:s3cret@films.example")
            .header(USER_AGENT, HeaderValue::from_bytes(b"VLC\xff").unwrap());
        let asked = Asked::new(&request.body(()).unwrap(), "");
        assert_eq!(asked.host(), "");
        assert_eq!(asked.user_agent(), "VLC\u{fffd}");
        let request = Request::get("https://films.example/a").body(()).unwrap();
        assert_eq!(Asked::new(&request, "").host(), "films.example");
    }
}

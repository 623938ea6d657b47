//! Heads of requests that are answered before anything is asked: what HTTP itself forbids.

use http::header::HOST;
use http::uri::Authority;
use http::{Method, Request, StatusCode, Version};

/// Why the head of a request is refused: status and words; `None` when it is not.
///
/// Methods that no component knows are 501 (RFC 9110, section 9.1). A request names its host once and in
/// one way: RFC 9112, section 3.2, for `Host`; RFC 9113, section 8.3.1, for `:authority`, which holds no
/// user information and differs from `Host` in nothing.
pub(crate) fn refusal<B>(request: &Request<B>) -> Option<(StatusCode, &'static str)> {
    if !is_known(request.method()) {
        return Some((
            StatusCode::NOT_IMPLEMENTED,
            "Not Implemented: an unknown method",
        ));
    }
    misdirected(request).map(|why| (StatusCode::BAD_REQUEST, why))
}

fn is_known(method: &Method) -> bool {
    const KNOWN: [Method; 8] = [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::TRACE,
    ];
    KNOWN.contains(method)
}

fn misdirected<B>(request: &Request<B>) -> Option<&'static str> {
    let authority = request.uri().authority();
    if authority.is_some_and(has_user) {
        return Some("Bad Request: user information in the authority");
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host,
        (Some(_), Some(_)) => return Some("Bad Request: more than one Host"),
        (None, _) => {
            let needed = match request.version() {
                Version::HTTP_11 => true,
                Version::HTTP_2 => authority.is_none(),
                _ => false,
            };
            return needed.then_some("Bad Request: no Host");
        }
    };
    let Ok(named) = Authority::try_from(host.as_bytes()) else {
        return Some("Bad Request: a Host that is none");
    };
    if has_user(&named) {
        return Some("Bad Request: user information in Host");
    }
    let is_other = |authority: &Authority| !authority.as_str().eq_ignore_ascii_case(named.as_str());
    (request.version() == Version::HTTP_2 && authority.is_some_and(is_other))
        .then_some("Bad Request: Host and :authority differ")
}

fn has_user(authority: &Authority) -> bool {
    authority.as_str().contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(version: Version, method: &str, target: &str, hosts: &[&str]) -> Option<u16> {
        let mut request = Request::builder()
            .version(version)
            .method(method)
            .uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        refusal(&request.body(()).unwrap()).map(|(status, _)| status.as_u16())
    }

    #[test]
    fn http_1_1_names_its_host_once() {
        let get = |hosts: &[&str]| refused(Version::HTTP_11, "GET", "/games/1", hosts);
        assert_eq!(get(&["films.example"]), None);
        assert_eq!(get(&["films.example:8787"]), None);
        assert_eq!(get(&["[::1]:8787"]), None);
        assert_eq!(get(&[]), Some(400));
        assert_eq!(get(&["films.example", "films.example"]), Some(400));
        assert_eq!(get(&["user@films.example"]), Some(400));
        assert_eq!(get(&["films.example/path"]), Some(400));
        assert_eq!(get(&["a b"]), Some(400));
        assert_eq!(refused(Version::HTTP_10, "GET", "/games/1", &[]), None);
    }

    #[test]
    fn http_2_names_its_host_in_one_way() {
        let get = |target: &str, hosts: &[&str]| refused(Version::HTTP_2, "GET", target, hosts);
        assert_eq!(get("https://films.example/a", &[]), None);
        assert_eq!(get("https://films.example/a", &["Films.example"]), None);
        assert_eq!(
            get("https://films.example/a", &["other.example"]),
            Some(400)
        );
        assert_eq!(get("https://user@films.example/a", &[]), Some(400));
        assert_eq!(get("/a", &[]), Some(400));
        assert_eq!(get("/a", &["films.example"]), None);
    }

    /// RFC 9112, section 3.2.2: the target's host counts, and Host is ignored.
    #[test]
    fn a_whole_target_goes_before_host_in_http_1_1() {
        let target = "http://films.example/a";
        assert_eq!(
            refused(Version::HTTP_11, "GET", target, &["other.example"]),
            None
        );
    }

    #[test]
    fn methods_that_nobody_knows_are_refused() {
        for method in [
            "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE",
        ] {
            assert_eq!(
                refused(Version::HTTP_11, method, "/", &["a"]),
                None,
                "{method}"
            );
        }
        for method in ["CONNECT", "PROPFIND", "get", "X"] {
            assert_eq!(
                refused(Version::HTTP_11, method, "/", &["a"]),
                Some(501),
                "{method}"
            );
        }
    }
}

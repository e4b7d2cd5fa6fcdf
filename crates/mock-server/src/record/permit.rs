//! What may be passed on.

use http::{HeaderMap, Method};

/// Whether requests that change something are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// They are refused.
    Refused,
    /// They are passed on: a reinstall wipes real machines.
    Allowed,
}

/// With one of these a server may take a request for one of another method.
const OTHER_METHODS: [&str; 3] = ["x-http-method", "x-http-method-override", "x-method-override"];

/// The one POST that is a read of sorts: it asks for a token.
const TOKENS: &str = "/v3/auth/tokens";

/// Why a request is not passed on; `None` if it is.
pub(super) fn objection(method: &Method, path: &str, headers: &HeaderMap, writes: Writes) -> Option<&'static str> {
    if path.split('/').any(is_dots) {
        return Some("the path has a `.` or `..` in it, so that nobody can tell what is asked for");
    }
    let is_read = *method == Method::GET || *method == Method::HEAD || *method == Method::POST && path == TOKENS;
    let may_be_another = OTHER_METHODS.iter().any(|name| headers.contains_key(*name));
    match writes {
        Writes::Allowed => None,
        Writes::Refused if may_be_another => Some("a header asks to take the request for one of another method"),
        Writes::Refused if !is_read => {
            Some("this recorder passes reads on and nothing else; start it with --allow-writes to change real machines")
        }
        Writes::Refused => None,
    }
}

/// A segment that leads elsewhere, escaped or not.
fn is_dots(segment: &str) -> bool {
    let segment = segment.to_ascii_lowercase().replace("%2e", ".");
    segment == "." || segment == ".."
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn reads_alone_pass_unless_told_otherwise() {
        for (method, path, passes) in [
            (Method::GET, "/v1/p/instances", true),
            (Method::HEAD, "/", true),
            (Method::POST, "/v3/auth/tokens", true),
            (Method::POST, "/v3/auth/tokens/", false),
            (Method::DELETE, "/v3/auth/tokens", false),
            (Method::POST, "/v1/p/instances", false),
            (Method::PUT, "/v1/p/instances/reinstall", false),
            (Method::PATCH, "/v1/p", false),
            (Method::OPTIONS, "/v1/p", false),
            (Method::CONNECT, "/", false),
            (Method::from_bytes(b"get").unwrap(), "/v1/p", false),
        ] {
            let none = HeaderMap::new();
            assert_eq!(objection(&method, path, &none, Writes::Refused).is_none(), passes, "{method} {path}");
            assert_eq!(objection(&method, path, &none, Writes::Allowed), None, "{method} {path}");
            let disguised =
                HeaderMap::from_iter([("x-http-method-override".parse().unwrap(), HeaderValue::from_static("PUT"))]);
            assert!(objection(&method, path, &disguised, Writes::Refused).is_some(), "{method} {path}");
        }
    }

    #[test]
    fn paths_lead_where_they_say() {
        for (path, passes) in [
            ("/v1/../v3", false),
            ("/v1/%2E%2e/v3", false),
            ("/v1/./p", false),
            ("/v1/.%2e", false),
            ("/v1/..p/...", true),
            ("//v1", true),
        ] {
            for writes in [Writes::Allowed, Writes::Refused] {
                assert_eq!(objection(&Method::GET, path, &HeaderMap::new(), writes).is_none(), passes, "{path}");
            }
        }
    }
}

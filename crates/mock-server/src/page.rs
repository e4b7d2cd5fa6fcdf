//! The page at `/_mock/` for people who look on while a client works. It is one file without any other resource: what it
//! shows it asks of the calls for testers, so it tells nothing by itself and needs no admin token.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// The page as it stands in the source.
const SOURCE: &str = include_str!("../page/index.html");

/// Keeps pages of other origins that open it from getting hold of it.
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

static PAGE: LazyLock<Page> = LazyLock::new(|| Page::of(SOURCE));

/// A page, and what a browser may do for it.
#[derive(Debug)]
struct Page {
    html: Bytes,
    policy: HeaderValue,
}

impl Page {
    fn of(source: &str) -> Self {
        // Browsers read line ends so before they look at hashes.
        let html = source.replace("\r\n", "\n");
        let policy = HeaderValue::try_from(policy(&html)).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { html: html.into(), policy }
    }
}

/// Serves the page, for whatever state the router has otherwise.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/_mock", get(async || Redirect::permanent("/_mock/")))
        .route("/_mock/", get(async || response()))
}

/// The page, never to be kept: the next server at this address may be of another version.
fn response() -> Response {
    let mut response = Response::new(Body::from(PAGE.html.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, PAGE.policy.clone());
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Permits the page's own style and script, by their hashes, and calls to its own server. Text can never become markup
/// there: the page makes no trusted types.
fn policy(html: &str) -> String {
    let [style, script] = ["style", "script"].map(|tag| hash(within(html, tag)));
    format!(
        "default-src 'none'; style-src '{style}'; script-src '{script}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// What stands in the only element of this name.
fn within<'a>(html: &'a str, tag: &str) -> &'a str {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let inner = html.split_once(&open).and_then(|(_, rest)| rest.split_once(&close));
    inner.map_or("", |(inner, _)| inner)
}

/// As a policy names what it permits.
fn hash(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text.as_bytes());
    let mut name = "sha256-".to_owned();
    // Base64, whose last group of these 32 bytes has two.
    for group in digest.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        let letter = |place: usize| char::from(LETTERS[(bits >> (18 - 6 * place) & 0x3f) as usize]);
        name.extend((0..=group.len()).map(letter));
    }
    name.push('=');
    name
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::*;

    async fn get(path: &str) -> (StatusCode, axum::http::HeaderMap, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let (parts, body) = router::<()>().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_page_is_served_with_what_keeps_it_apart() {
        let (status, headers, body) = get("/_mock/").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body, SOURCE.replace("\r\n", "\n"));
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        let (status, headers, _) = get("/_mock").await;
        assert_eq!((status, headers["location"].as_bytes()), (StatusCode::PERMANENT_REDIRECT, &b"/_mock/"[..]));
    }

    #[test]
    fn hashes_are_written_as_browsers_write_them() {
        for (text, written) in [
            ("", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            ("abc", "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
        ] {
            assert_eq!(hash(text), written, "{text:?}");
        }
    }

    #[test]
    fn the_policy_does_not_hang_on_line_ends() {
        let windows = SOURCE.replace("\r\n", "\n").replace('\n', "\r\n");
        assert_eq!(Page::of(&windows).policy, PAGE.policy);
    }

    #[test]
    fn the_page_is_one_file_that_makes_no_markup_of_texts() {
        for tag in ["style", "script"] {
            assert_eq!(SOURCE.matches(&format!("<{tag}")).count(), 1, "{tag}: only one is permitted");
            assert!(within(SOURCE, tag).len() > 1_000, "{tag}");
        }
        for banned in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "localStorage",
            "document.cookie",
            " style=\"",
            " onclick=\"",
            "https://",
            "@import",
            "url(",
        ] {
            assert!(!SOURCE.contains(banned), "{banned}");
        }
        // The name of SVG is no address: nothing is fetched from there.
        assert_eq!(SOURCE.matches("http://").count(), SOURCE.matches("http://www.w3.org/2000/svg").count());
    }
}

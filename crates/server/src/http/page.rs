use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderName, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PAGE: &str = include_str!("page.html");

static POLICY: LazyLock<String> = LazyLock::new(|| policy(PAGE));

/// Allows a page's own style and script, by their digests, and talking to this server; nothing
/// else.
pub(super) fn policy(page: &str) -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        source(page, "<style>", "</style>"),
        source(page, "<script>", "</script>")
    )
}

/// `GET /status`: the status page. It is the same for everybody and asks `/v1/status` for the figures.
pub(super) async fn get() -> ([(HeaderName, &'static str); 2], &'static str) {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
    ];
    (headers, PAGE)
}

/// The hash source (CSP level 3, section 2.3.1) of what stands between two tags.
fn source(page: &str, open: &str, close: &str) -> String {
    let inner = page
        .split_once(open)
        .and_then(|(_, rest)| rest.split_once(close))
        .map_or("", |(inner, _)| inner);
    format!("sha256-{}", STANDARD.encode(digest(&SHA256, inner.as_bytes())))
}

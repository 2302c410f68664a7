//! The browser client: the built files of `web/`, embedded (read from the folder in debug builds).

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

use super::error;

/// The page's own scripts, styles and pictures, talking to this server, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self'; \
     connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What stands under `assets/` has its hash in its name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Everything else is asked for again; its entity tag answers whether it changed.
const ASK_AGAIN: &str = "no-cache";
const MISSING: &str = "<!doctype html><html lang=\"en\"><title>Calling</title>\
     <h1>The web client is not part of this build</h1>\
     <p>The server runs, and everything else works. To have the web client, install Node.js \
     (20.19 or newer), run <code>make build</code> and start the server again.</p>\
     <p><a href=\"/status\">Status</a> · <a href=\"/docs\">REST</a></p></html>";

#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// `GET /`: the page, or plain words that this build has none.
pub(super) async fn page(headers: HeaderMap) -> Response {
    answer("index.html", &headers, Built::get)
        .unwrap_or_else(|| secured((StatusCode::NOT_FOUND, Html(MISSING)).into_response()))
}

/// `GET /assets/…`, and the files beside the page.
pub(super) async fn file(uri: Uri, headers: HeaderMap) -> Response {
    match answer(uri.path().trim_start_matches('/'), &headers, Built::get) {
        Some(response) => response,
        None => error::not_found(uri).await.into_response(),
    }
}

/// The answer for one of the files that `get` knows.
fn answer(
    path: &str,
    asked: &HeaderMap,
    get: impl Fn(&str) -> Option<EmbeddedFile>,
) -> Option<Response> {
    // In a folder that would be another name of a file; an embedded file has one.
    if path.split('/').any(|part| part == "..") {
        return None;
    }
    let kind = kind(path)?;
    let plain = get(path)?;
    let packed = if accepts_gzip(asked) { get(&format!("{path}.gz")) } else { None };
    let is_packed = packed.is_some();
    let file = packed.unwrap_or(plain);
    let tag = entity_tag(&file);
    let caching = if path.starts_with("assets/") { FOR_EVER } else { ASK_AGAIN };
    let mut response = if is_known(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        bytes(file.data).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // They are public: a page of another origin may embed the window.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Some(secured(response))
}

fn secured(mut response: Response) -> Response {
    let policy = HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn bytes(data: Cow<'static, [u8]>) -> axum::body::Bytes {
    match data {
        Cow::Borrowed(data) => axum::body::Bytes::from_static(data),
        Cow::Owned(data) => data.into(),
    }
}

/// Media types of what a build of the client holds. Whatever else lies there is not served, the
/// packed copies among it.
fn kind(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// A strong entity tag (RFC 9110 section 8.8.3): 128 bits of the content's digest.
fn entity_tag(file: &EmbeddedFile) -> String {
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|known| {
        known
            .split(',')
            .map(|it| it.trim().trim_start_matches("W/"))
            .any(|it| it == tag || it == "*")
    })
}

fn accepts_gzip(asked: &HeaderMap) -> bool {
    let codings = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    codings.is_some_and(|codings| {
        codings.split(',').any(|coding| {
            let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
    })
}

#[cfg(test)]
mod tests {
    use rust_embed::Metadata;

    use super::*;

    /// A build of three files, of which one has a packed copy.
    fn built(path: &str) -> Option<EmbeddedFile> {
        let data: &'static [u8] = match path {
            "index.html" => b"<!doctype html>",
            "assets/main-x1.js" => b"export {};",
            "assets/main-x1.js.gz" => b"packed",
            "notes.secret" => b"no",
            _ => return None,
        };
        let mut digest = [0; 32];
        digest[..data.len().min(32)].copy_from_slice(&data[..data.len().min(32)]);
        let metadata = Metadata::__rust_embed_new(digest, None, None);
        Some(EmbeddedFile { data: Cow::Borrowed(data), metadata })
    }

    fn asked(headers: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_page_is_asked_for_again_and_its_assets_never() {
        let page = answer("index.html", &asked(&[]), built).unwrap();
        assert_eq!(page.headers()[header::CACHE_CONTROL], ASK_AGAIN);
        assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let script = answer("assets/main-x1.js", &asked(&[]), built).unwrap();
        assert_eq!(script.headers()[header::CACHE_CONTROL], FOR_EVER);
        assert_eq!(script.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    }

    #[test]
    fn nothing_foreign_and_nothing_inline_is_allowed() {
        let page = answer("index.html", &asked(&[]), built).unwrap();
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        for word in ["unsafe", "http:", "https:", "*"] {
            assert!(!policy.contains(word), "{word} in {policy}");
        }
    }

    #[test]
    fn the_page_stands_in_no_frame_of_others() {
        let page = answer("index.html", &asked(&[]), built).unwrap();
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        for rule in ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"] {
            assert!(policy.split("; ").any(|it| it == rule), "{rule} is missing in {policy}");
        }
    }

    #[test]
    fn a_known_file_is_not_sent_again() {
        let first = answer("index.html", &asked(&[]), built).unwrap();
        let tag = first.headers()[header::ETAG].clone();
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, tag);
        let answered = answer("index.html", &again, built).unwrap();
        assert_eq!(answered.status(), StatusCode::NOT_MODIFIED);
        let other = asked(&[(header::IF_NONE_MATCH, "\"00\"")]);
        assert_eq!(answer("index.html", &other, built).unwrap().status(), StatusCode::OK);
    }

    #[test]
    fn packed_copies_are_for_those_who_can_unpack() {
        let path = "assets/main-x1.js";
        for (accepts, packed) in
            [("gzip, br", true), ("br;q=1.0, gzip;q=0.5", true), ("gzip;q=0", false), ("br", false)]
        {
            let answer =
                answer(path, &asked(&[(header::ACCEPT_ENCODING, accepts)]), built).unwrap();
            assert_eq!(
                answer.headers().contains_key(header::CONTENT_ENCODING),
                packed,
                "{accepts}"
            );
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        }
        assert!(answer("assets/main-x1.js.gz", &asked(&[]), built).is_none(), "not by itself");
    }

    #[test]
    fn nothing_else_is_served() {
        for path in ["notes.secret", "index", "", "../index.html", "assets/../index.html"] {
            assert!(answer(path, &asked(&[]), built).is_none(), "{path}");
        }
    }
}

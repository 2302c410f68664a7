//! What goes into heads of responses, and what is read from those of requests.

use axum::extract::{Request, State};
use axum::http::header::{
    self, ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    AUTHORIZATION, CONTENT_TYPE, LINK,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use calling_signaling::protocol::IceServer;

use super::handlers::prove;
use super::refusal::Refusal;
use super::{Gateway, Kind};
use crate::http::Client;

/// The media type of descriptions (RFC 8866 section 8.1).
pub(super) const SDP: &str = "application/sdp";
/// The media type of fragments (RFC 8840 section 9).
pub(super) const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Pages of all origins may ask: what proves the account is in a header that no browser adds by
/// itself.
pub(super) async fn cross_origin(request: Request, next: Next) -> Response {
    const EXPOSED: HeaderValue =
        HeaderValue::from_static("Location, ETag, Link, Retry-After, Accept-Patch");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    response
}

/// `OPTIONS` of an endpoint. Who proves an account learns the ICE servers beforehand (RFC 9725
/// section 4.6); a browser that asks for permission proves nothing.
pub(super) async fn options(
    State(gateway): State<Gateway>,
    client: Client,
    headers: HeaderMap,
) -> impl IntoResponse {
    const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
    let mut links = HeaderMap::new();
    if let Ok(user) = prove(&gateway, client, Kind::Publish, &headers) {
        add_ice_servers(&mut links, &gateway.ice_servers(&user).ice_servers);
    }
    ([(ACCEPT_POST, SDP)], links, allowed("OPTIONS, POST"))
}

/// `OPTIONS` of a session.
pub(super) async fn session_options() -> impl IntoResponse {
    const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
    ([(ACCEPT_PATCH, FRAGMENT)], allowed("DELETE, OPTIONS, PATCH"))
}

fn allowed(methods: &'static str) -> [(HeaderName, &'static str); 4] {
    [
        (header::ALLOW, methods),
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, If-Match"),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ]
}

/// Adds one `Link` for each address of an ICE server (RFC 9725 section 4.6).
pub(super) fn add_ice_servers(headers: &mut HeaderMap, servers: &[IceServer]) {
    for IceServer { urls, username, credential } in servers {
        for url in urls {
            let mut link = format!("<{url}>; rel=\"ice-server\"");
            if url.starts_with("turn") {
                for (name, value) in [("username", username), ("credential", credential)] {
                    link.push_str(&format!("; {name}=\"{}\"", quoted(value)));
                }
                link.push_str("; credential-type=\"password\"");
            }
            // What no header can hold is left out: clients do without.
            if let Ok(link) = HeaderValue::try_from(link) {
                headers.append(LINK, link);
            }
        }
    }
}

/// The inside of a quoted string (RFC 9110 section 5.6.4).
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The token of `Authorization: Bearer …` (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let absent = || Refusal::unauthorised("send `Authorization: Bearer <UserSig>`");
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|value| value.split_once(' ')).ok_or_else(absent)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(absent()) }
}

/// The body is of this type; parameters are read over.
pub(super) fn check_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Refusal> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let sentence = format!("the body has to be of the type {wanted}");
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence))
}

/// The client takes an answer of this type.
pub(super) fn check_accept(headers: &HeaderMap, offered: &'static str) -> Result<(), Refusal> {
    let mut accepted = headers.get_all(ACCEPT).iter().peekable();
    if accepted.peek().is_none() {
        return Ok(());
    }
    let ranges = accepted.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(','));
    let mut ranges = ranges.map(|range| range.split(';').next().unwrap_or_default().trim());
    let fits = |range: &str| {
        range.eq_ignore_ascii_case(offered) || range == "*/*" || range == "application/*"
    };
    if ranges.any(fits) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, format!("the answer is of the type {offered}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn ice_servers_are_links() {
        let servers = [
            IceServer {
                urls: vec!["stun:stun.example.org:3478".to_owned()],
                username: "ignored".to_owned(),
                credential: String::new(),
            },
            IceServer {
                urls: vec!["turn:a?transport=udp".to_owned(), "turns:a".to_owned()],
                username: "us\"er".to_owned(),
                credential: "p\\w".to_owned(),
            },
            IceServer {
                urls: vec!["stun:line\nbreak".to_owned()],
                username: String::new(),
                credential: String::new(),
            },
        ];
        let mut headers = HeaderMap::new();
        add_ice_servers(&mut headers, &servers);
        let links: Vec<_> = headers.get_all(LINK).iter().map(|it| it.to_str().unwrap()).collect();
        let password = "rel=\"ice-server\"; username=\"us\\\"er\"; credential=\"p\\\\w\"; credential-type=\"password\"";
        assert_eq!(
            links,
            [
                "<stun:stun.example.org:3478>; rel=\"ice-server\"",
                &format!("<turn:a?transport=udp>; {password}"),
                &format!("<turns:a>; {password}"),
            ]
        );
    }

    #[test]
    fn types_are_compared_as_http_has_it() {
        for good in ["application/sdp", "Application/SDP; charset=utf-8"] {
            check_type(&with(CONTENT_TYPE, good), SDP).unwrap();
        }
        for bad in ["application/json", "", "application/sdpx"] {
            check_type(&with(CONTENT_TYPE, bad), SDP).unwrap_err();
        }
        check_type(&HeaderMap::new(), SDP).unwrap_err();
        check_accept(&HeaderMap::new(), SDP).unwrap();
        for good in ["*/*", "text/html, application/sdp;q=0.9", "application/*"] {
            check_accept(&with(ACCEPT, good), SDP).unwrap();
        }
        check_accept(&with(ACCEPT, "text/html, image/*"), SDP).unwrap_err();
    }

    #[test]
    fn tokens_are_of_the_scheme_bearer() {
        assert_eq!(bearer(&with(AUTHORIZATION, "bearer  a*b-c_ ")).unwrap(), "a*b-c_");
        for bad in ["", "Bearer", "Basic YTpi", "UserSig alice:x"] {
            bearer(&with(AUTHORIZATION, bad)).unwrap_err();
        }
        bearer(&HeaderMap::new()).unwrap_err();
    }
}

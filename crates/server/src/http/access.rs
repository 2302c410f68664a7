//! Who asks, and what they may see.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use calling_model::{DeviceId, UserId};
use calling_signaling::protocol::{Code, SignInParams};

use super::{ApiError, AppState, now};

/// Where a request comes from. Set by the listener; whoever embeds the router without it gets a
/// client of no address, which may see nothing special.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address that limits count: the connection's, or the one a trusted proxy tells.
    pub source: IpAddr,
    /// The other end of the connection.
    pub peer: IpAddr,
}

/// Whose credentials came along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Admin,
    User(UserId),
}

impl Client {
    /// The client of a connection from `peer` that sent `headers`.
    ///
    /// Behind a trusted proxy it is the last address of `X-Forwarded-For` that is no such proxy:
    /// the ones before it were written by the client itself.
    pub(super) fn of(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> Self {
        let peer = peer.ip().to_canonical();
        let is_proxy = |address: &IpAddr| trusted.contains(address);
        if !is_proxy(&peer) {
            return Self { source: peer, peer };
        }
        let hops = headers.get_all("x-forwarded-for").iter().rev();
        let told = hops
            .flat_map(|value| value.to_str().unwrap_or("?").rsplit(','))
            .map(|hop| hop.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical()))
            .find(|hop| hop.is_none_or(|address| !is_proxy(&address)))
            .flatten();
        Self { source: told.unwrap_or(peer), peer }
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let unknown = Self { source: nobody, peer: nobody };
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(unknown))
    }
}

/// Whether the request was made at this machine and not merely passed on by a proxy on it: the
/// server listens on loopback alone, the connection is from there, the browser was told a loopback
/// address (a page of another site that has its name point here was not), and nobody left the
/// marks of a proxy.
pub(super) fn is_local(state: &AppState, client: Client, headers: &HeaderMap) -> bool {
    const MARKS: [&str; 4] = ["x-forwarded-for", "x-forwarded-host", "forwarded", "via"];
    let config = &state.config;
    config.http.ip().is_loopback()
        && config.trusted_proxies.is_empty()
        && client.peer.is_loopback()
        && host_is_loopback(headers)
        && !MARKS.iter().any(|mark| headers.contains_key(*mark))
}

fn host_is_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Reads `Authorization: Bearer <admin token>` or `Authorization: UserSig <user>:<sig>`; `None`
/// without that header.
///
/// # Errors
/// The credentials are wrong, or their source has to wait.
pub(super) fn caller(
    state: &AppState,
    client: Client,
    headers: &HeaderMap,
) -> Result<Option<Caller>, ApiError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let (scheme, credentials) = value
        .to_str()
        .ok()
        .and_then(|value| value.trim().split_once(' '))
        .ok_or_else(|| ApiError::unauthorised("the Authorization header is not understood"))?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return admin(state, client, credentials).map(Some);
    }
    if scheme.eq_ignore_ascii_case("usersig") {
        return user(state, client, credentials).map(Some);
    }
    Err(ApiError::unauthorised(
        "use `Authorization: Bearer <admin token>` or `Authorization: UserSig <user>:<sig>`",
    ))
}

/// [`caller`], and nobody is an error.
pub(super) fn known_caller(
    state: &AppState,
    client: Client,
    headers: &HeaderMap,
) -> Result<Caller, ApiError> {
    caller(state, client, headers)?.ok_or_else(|| {
        ApiError::unauthorised(
            "say who asks: `Authorization: Bearer <admin token>` (the file admin.token in the \
             data directory) or `Authorization: UserSig <user>:<sig>`",
        )
    })
}

/// [`known_caller`], and anybody but the admin is an error.
pub(super) fn only_admin(
    state: &AppState,
    client: Client,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    match known_caller(state, client, headers)? {
        Caller::Admin => Ok(()),
        Caller::User(_) => Err(ApiError::forbidden("only the admin token may do this")),
    }
}

fn admin(state: &AppState, client: Client, token: &str) -> Result<Caller, ApiError> {
    if state.auth.is_admin(client.source, token, now().0)? {
        return Ok(Caller::Admin);
    }
    Err(ApiError::unauthorised("this is not the admin token; it stands in DATA/admin.token"))
}

fn user(state: &AppState, client: Client, credentials: &str) -> Result<Caller, ApiError> {
    let malformed = || ApiError::unauthorised("write it as `Authorization: UserSig <user>:<sig>`");
    let (user, sig) = credentials.split_once(':').ok_or_else(malformed)?;
    let user_id = UserId::new(user).map_err(|_| malformed())?;
    let device_id =
        DeviceId::new("rest").map_err(|error| ApiError::new(Code::Internal, error.to_string()))?;
    let sdk_app_id = state.auth.sdk_app_id();
    let params =
        SignInParams { sdk_app_id, user_id: user_id.clone(), user_sig: sig.to_owned(), device_id };
    let (now, at) = now();
    state.auth.verify(client.source, &params, now, at)?;
    Ok(Caller::User(user_id))
}

//! Who asks, and what they may see.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use calling_model::{DeviceId, UserId};
use calling_signaling::protocol::{Code, SignInParams};

use super::{ApiError, AppState, now};
use crate::auth::Operator;
use crate::storage::Scope;

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
    Operator(Operator),
    User(UserId),
}

/// An operator who may look at everything.
#[derive(Clone, Debug)]
pub(super) struct Reader;

/// An operator who may change things. What is changed is noted first: see [`Writer::notes`].
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) operator: Operator,
    source: IpAddr,
    slot: AuditSlot,
}

/// Where a request leaves the number of its line in the audit log, for the status to be added.
#[derive(Clone, Debug, Default)]
pub(super) struct AuditSlot(Arc<OnceLock<u64>>);

impl FromRequestParts<AppState> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        operator(parts, state).await.map(|_| Self)
    }
}

impl FromRequestParts<AppState> for Writer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let (operator, client) = operator(parts, state).await?;
        if operator.scope < Scope::Write {
            return Err(ApiError::forbidden("this token may look at things and not change them"));
        }
        let slot = parts.extensions.get::<AuditSlot>().cloned().unwrap_or_default();
        Ok(Self { operator, source: client.source, slot })
    }
}

impl Writer {
    /// Notes in the audit log what is about to be done; what cannot be noted is not done.
    pub(super) async fn notes(
        &self,
        state: &AppState,
        action: &str,
        target: &str,
    ) -> Result<(), ApiError> {
        let (who, source) = (self.operator.name.as_str(), self.source.to_string());
        let seq = state.storage.audit(who, &source, action, target, now().1).await?;
        // A request changes one thing; the status is that of the first.
        let _ = self.slot.0.set(seq);
        Ok(())
    }

    /// For what the token in the file alone may do.
    pub(super) fn must_be_root(&self) -> Result<(), ApiError> {
        if self.operator.is_root {
            return Ok(());
        }
        Err(ApiError::forbidden("only the token in DATA/admin.token may do this"))
    }
}

/// Adds the status to the audit log once a change is answered.
pub(super) async fn note_status(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let slot = AuditSlot::default();
    request.extensions_mut().insert(slot.clone());
    let response = next.run(request).await;
    if let Some(seq) = slot.0.get()
        && let Err(error) = state.storage.audit_answered(*seq, response.status().as_u16()).await
    {
        tracing::warn!(%error, "the audit log lacks the status of a request");
    }
    response
}

async fn operator(parts: &Parts, state: &AppState) -> Result<(Operator, Client), ApiError> {
    let client = client_of(parts);
    match known_caller(state, client, &parts.headers).await? {
        Caller::Operator(operator) => Ok((operator, client)),
        Caller::User(_) => Err(ApiError::forbidden("only the admin token may do this")),
    }
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
        Ok(client_of(parts))
    }
}

fn client_of(parts: &Parts) -> Client {
    let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let unknown = Client { source: nobody, peer: nobody };
    parts.extensions.get::<Client>().copied().unwrap_or(unknown)
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
pub(super) async fn caller(
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
    let caller = if scheme.eq_ignore_ascii_case("bearer") {
        token(state, client, credentials).await?
    } else if scheme.eq_ignore_ascii_case("usersig") {
        user(state, client, credentials)?
    } else {
        return Err(ApiError::unauthorised(
            "use `Authorization: Bearer <admin token>` or `Authorization: UserSig <user>:<sig>`",
        ));
    };
    let who = match &caller {
        Caller::Operator(operator) => format!("operator {}", operator.name),
        Caller::User(user) => format!("user {}", user.as_str()),
    };
    state.rate.admit(&who, now().0).map_err(|wait| {
        let sentence = format!("too many requests; wait {} ms", wait.as_millis().max(1));
        ApiError::new(Code::RateLimited, sentence)
    })?;
    Ok(Some(caller))
}

/// [`caller`], and nobody is an error.
pub(super) async fn known_caller(
    state: &AppState,
    client: Client,
    headers: &HeaderMap,
) -> Result<Caller, ApiError> {
    caller(state, client, headers).await?.ok_or_else(|| {
        ApiError::unauthorised(
            "say who asks: `Authorization: Bearer <admin token>` (the file admin.token in the \
             data directory) or `Authorization: UserSig <user>:<sig>`",
        )
    })
}

async fn token(state: &AppState, client: Client, token: &str) -> Result<Caller, ApiError> {
    match state.auth.operator(client.source, token, now().0).await? {
        Some(operator) => Ok(Caller::Operator(operator)),
        None => Err(ApiError::unauthorised(
            "this is not the admin token, which stands in DATA/admin.token, nor another that is \
             valid",
        )),
    }
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

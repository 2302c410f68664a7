use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use calling_model::{CallId, UserId};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::fragment::Fragment;
use super::headers::{FRAGMENT, SDP, add_ice_servers, bearer, check_accept, check_type};
use super::offer::PostedOffer;
use super::refusal::Refusal;
use super::resource::{self, Created, Order, Patched, Plan};
use super::table::Subject;
use super::{ARRIVAL, Kind};
use crate::gateway::Gateway;
use crate::http::Client;
use crate::hub::wall_clock;

/// `POST /whip/{call_id}`
pub(super) async fn publish(
    State(gateway): State<Gateway>,
    client: Client,
    Path(call_id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    post(gateway, client, Kind::Publish, &call_id, Vec::new(), request).await
}

/// `POST /whep/{call_id}?user=…`
pub(super) async fn receive(
    State(gateway): State<Gateway>,
    client: Client,
    Path(call_id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    request: Request,
) -> Result<Response, Refusal> {
    let users = query.into_iter().filter(|(name, _)| name == "user");
    let wanted = users.map(|(_, user)| UserId::new(user)).collect::<Result<Vec<_>, _>>();
    let wanted =
        wanted.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    post(gateway, client, Kind::Receive, &call_id, wanted, request).await
}

async fn post(
    gateway: Gateway,
    client: Client,
    kind: Kind,
    call_id: &str,
    wanted: Vec<UserId>,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let user = sign_in(&gateway, client, kind, &head.headers).await?;
    check_type(&head.headers, SDP)?;
    check_accept(&head.headers, SDP)?;
    let call_id = read_call(call_id)?;
    let offer = PostedOffer::read(kind, read_body(Request::from_parts(head, body)).await?)?;
    let told = gateway.ice_servers(&user);
    let subject = Subject { kind, call_id, user };
    let place = gateway.inner.whip.sessions.open(subject.clone())?;
    let location = format!("/{}/{}/{}", kind.name(), subject.call_id.as_str(), place.id);
    let (created, answer) = oneshot::channel();
    let plan = Plan { subject, offer, wanted };
    // A task of its own: whatever becomes of this request, it leaves nothing half done.
    let session = resource::run(gateway.clone(), place, plan, created);
    gateway.inner.tasks.spawn(session);
    let Created { sdp, etag } = answer.await.map_err(|_| Refusal::stopping())??;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SDP));
    for (name, value) in [(header::LOCATION, location), (header::ETAG, etag)] {
        // Digits, letters and dashes.
        headers.insert(name, HeaderValue::try_from(value).map_err(|_| Refusal::overdue())?);
    }
    add_ice_servers(&mut headers, &told.ice_servers);
    Ok((StatusCode::CREATED, headers, sdp).into_response())
}

/// `PATCH` of a session.
pub(super) async fn patch(
    State(gateway): State<Gateway>,
    client: Client,
    Path((call_id, session)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let kind = kind_of(head.uri.path());
    let subject = subject(&gateway, client, kind, &call_id, &head.headers)?;
    let orders = gateway.inner.whip.sessions.find(&session, &subject)?;
    check_type(&head.headers, FRAGMENT)?;
    let Some(condition) = head.headers.get(header::IF_MATCH) else {
        let sentence = "say which ICE session is meant: `If-Match: <ETag>`, or * to restart it";
        return Err(Refusal::new(StatusCode::PRECONDITION_REQUIRED, sentence));
    };
    let condition = condition.to_str().unwrap_or_default().to_owned();
    let text = read_body(Request::from_parts(head, body)).await?;
    let fragment = Fragment::read(&text)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let (reply, patched) = oneshot::channel();
    let order = Order::Patch { condition, credentials: fragment.credentials, reply };
    orders.send(order).await.map_err(|_| Refusal::no_session())?;
    match patched.await.map_err(|_| Refusal::no_session())?? {
        Patched::Same => Ok(StatusCode::NO_CONTENT.into_response()),
        Patched::Restarted { fragment, etag } => {
            let headers = [(header::CONTENT_TYPE, FRAGMENT), (header::ETAG, &*etag)];
            Ok((headers, fragment).into_response())
        }
    }
}

/// `DELETE` of a session.
pub(super) async fn delete(
    State(gateway): State<Gateway>,
    client: Client,
    Path((call_id, session)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let kind = kind_of(request.uri().path());
    let subject = subject(&gateway, client, kind, &call_id, request.headers())?;
    let orders = gateway.inner.whip.sessions.find(&session, &subject)?;
    let (done, ended) = oneshot::channel();
    orders.send(Order::End { done }).await.map_err(|_| Refusal::no_session())?;
    ended.await.map_err(|_| Refusal::no_session())?;
    Ok(StatusCode::OK)
}

/// Proves the account, which may come to be.
async fn sign_in(
    gateway: &Gateway,
    client: Client,
    kind: Kind,
    headers: &HeaderMap,
) -> Result<UserId, Refusal> {
    let (token, now) = (bearer(headers)?, Instant::now());
    let auth = &gateway.inner.auth;
    let user = auth.sign_in_by_sig(client.source, token, kind.device(), now, wall_clock()).await?;
    admit(gateway, &user, now)?;
    Ok(user)
}

/// Proves the account, for a session it may have.
fn subject(
    gateway: &Gateway,
    client: Client,
    kind: Kind,
    call_id: &str,
    headers: &HeaderMap,
) -> Result<Subject, Refusal> {
    let user = prove(gateway, client, kind, headers)?;
    Ok(Subject { kind, call_id: read_call(call_id)?, user })
}

/// The account that the request's token proves.
pub(super) fn prove(
    gateway: &Gateway,
    client: Client,
    kind: Kind,
    headers: &HeaderMap,
) -> Result<UserId, Refusal> {
    let (token, now) = (bearer(headers)?, Instant::now());
    let auth = &gateway.inner.auth;
    let user = auth.verify_sig(client.source, token, kind.device(), now, wall_clock())?;
    admit(gateway, &user, now)?;
    Ok(user)
}

/// Counts a request of the account.
fn admit(gateway: &Gateway, user: &UserId, now: Instant) -> Result<(), Refusal> {
    gateway.inner.whip.rate.admit(user, now).map_err(|wait| {
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many requests; slow down")
            .later(wait.as_secs() + 1)
    })
}

fn read_call(call_id: &str) -> Result<CallId, Refusal> {
    call_id.parse().map_err(|_| Refusal::new(StatusCode::NOT_FOUND, "there is no such call"))
}

/// Both kinds of sessions share their handlers.
fn kind_of(path: &str) -> Kind {
    if path.starts_with("/whep/") { Kind::Receive } else { Kind::Publish }
}

/// Reads the whole body, within the limit of its route and in time.
async fn read_body(request: Request<Body>) -> Result<String, Refusal> {
    let bytes = match timeout(ARRIVAL, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(rejection)) => return Err(Refusal::new(rejection.status(), rejection.body_text())),
        Err(_) => {
            let sentence = "the body did not arrive in time";
            return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, sentence));
        }
    };
    String::from_utf8(bytes.into())
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the body is not UTF-8"))
}

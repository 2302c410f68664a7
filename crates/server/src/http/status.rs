use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use calling_callrecord::Record;
use serde::Serialize;

use super::access::{Caller, Client, caller, is_local};
use super::{ApiError, AppState, DemoAccount};
use crate::storage::RecordFilter;
use crate::telemetry::names;

/// How many records the status page shows.
const RECORDS: u32 = 20;

/// The answer of `GET /v1/status`.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    version: &'static str,
    started_at: u64,
    uptime_s: u64,
    sdk_app_id: u32,
    calls: u64,
    calls_connected: u64,
    signed_in_devices: u64,
    media_connections: u64,
    media_port: u16,
    tls: bool,
    demo: bool,
    /// With `--demo` at this machine alone: it signs anybody in.
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<Vec<DemoAccount>>,
    /// For the admin, and with `--demo` at this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Vec<Record>>,
}

/// `GET /v1/status`: figures for everybody, records and demo accounts for those who may see them.
pub(super) async fn get(
    State(state): State<AppState>,
    client: Client,
    headers: HeaderMap,
) -> Result<Json<Status>, ApiError> {
    let caller = caller(&state, client, &headers).await?;
    let is_admin = matches!(caller, Some(Caller::Operator(_)));
    let at_home = state.config.demo && is_local(&state, client, &headers);
    let records = if is_admin || at_home {
        let filter = RecordFilter { limit: RECORDS, ..RecordFilter::default() };
        Some(state.storage.records(&filter).await?)
    } else {
        None
    };
    let live = state.live.snapshot();
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        started_at: state.started_at.0,
        uptime_s: state.started.elapsed().as_secs(),
        sdk_app_id: state.config.sdk_app_id,
        calls: live.calls,
        calls_connected: live.calls_connected,
        signed_in_devices: live.signed_in_devices,
        media_connections: live.media_connections,
        media_port: live.media_port,
        tls: state.config.tls.is_some(),
        demo: state.config.demo,
        accounts: at_home.then(|| state.demo_accounts.clone()),
        records,
    }))
}

/// `GET /metrics`, in the Prometheus text format.
pub(super) async fn metrics(
    State(state): State<AppState>,
) -> ([(HeaderName, &'static str); 1], String) {
    let live = state.live.snapshot();
    let gauges = [
        (names::CALLS, live.calls),
        (names::DEVICES, live.signed_in_devices),
        (names::MEDIA_CONNECTIONS, live.media_connections),
        (names::DB_PENDING, live.pending_writes),
        (names::UPTIME, state.started.elapsed().as_secs()),
    ];
    for (name, value) in gauges {
        metrics::gauge!(name).set(value as f64);
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, state.exporter.render())
}

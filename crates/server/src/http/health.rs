use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::AppState;

/// How long the database may take to answer before it counts as failing.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: 200 if database and forwarding threads live, 503 if not.
pub(super) async fn get(State(state): State<AppState>) -> (StatusCode, Json<Value>) {
    let database = match tokio::time::timeout(PATIENCE, state.storage.ping()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the database does not answer".to_owned()),
    };
    let live = state.live.snapshot();
    let media = if live.shards_alive == live.shards {
        Ok(())
    } else {
        let dead = live.shards - live.shards_alive.min(live.shards);
        Err(format!("{dead} of {} forwarding threads do not answer", live.shards))
    };
    let healthy = database.is_ok() && media.is_ok();
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if healthy { "ok" } else { "failing" },
        "database": text(database),
        "media": text(media),
        "pending_writes": live.pending_writes,
    });
    (status, Json(body))
}

fn text(result: Result<(), String>) -> String {
    result.map_or_else(|error| error, |()| "ok".to_owned())
}

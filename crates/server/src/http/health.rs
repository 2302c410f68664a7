use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::AppState;
use crate::storage::Storage;

/// How long the database may take to answer before it counts as failing.
const PATIENCE: Duration = Duration::from_secs(2);

/// The last look at the database. Those who ask while one is under way share the next, so that no
/// flood of questions keeps the database from its work.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<Option<(Instant, Result<(), String>)>>);

impl Pulse {
    async fn feel(&self, storage: &Storage) -> Result<(), String> {
        let asked = Instant::now();
        let mut last = self.0.lock().await;
        if let Some((begun, result)) = &*last
            && *begun >= asked
        {
            return result.clone();
        }
        let begun = Instant::now();
        let result = match timeout(PATIENCE, storage.ping()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the database does not answer".to_owned()),
        };
        *last = Some((begun, result.clone()));
        result
    }
}

/// `GET /healthz`: 200 if database and forwarding threads live, 503 if not.
pub(super) async fn get(State(state): State<AppState>) -> (StatusCode, Json<Value>) {
    let database = state.database.feel(&state.storage).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_of_questions_shares_its_answers() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(dir.path()).await.unwrap();
        let pulse = Pulse::default();
        let feel = || async {
            pulse.feel(&storage).await.unwrap();
            pulse.0.lock().await.as_ref().map(|(begun, _)| *begun)
        };
        let looks = futures_util::future::join_all((0..100).map(|_| feel())).await;
        let looks: std::collections::BTreeSet<_> = looks.into_iter().collect();
        assert!(looks.len() <= 2, "{} looks", looks.len());
        assert!(!looks.contains(&feel().await), "a later question has an answer of its own");
    }
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::UnixMillis;
use futures_util::StreamExt;
use futures_util::stream;
use metrics::{counter, histogram};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::client::{AddressError, Client, PostError};
use super::event::Hook;
use super::{WebhookSettings, sign};
use crate::hub::wall_clock;
use crate::storage::{DueEvent, Storage, StorageError};
use crate::telemetry::names;

/// Events posted at the same time to one address, each of another call.
const CONCURRENT: usize = 16;

/// Events looked up at once.
const BATCH: u32 = 64;

/// The longest wait between two attempts.
const MAX_RETRY: Duration = Duration::from_secs(600);

/// How long to wait when the database does not answer.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// The longest sentence kept of an error, in bytes.
const MAX_ERROR_BYTES: usize = 300;

/// The tasks that post events.
#[derive(Debug)]
pub(crate) struct Dispatchers {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Dispatchers {
    /// Has the database keep events for the configured addresses, and starts to post them.
    pub(crate) fn start(
        settings: &WebhookSettings,
        storage: &Storage,
    ) -> Result<Self, AddressError> {
        let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
        let mut hooks = Vec::new();
        for (hook, address) in settings.hooks() {
            let client = Client::new(address, settings.timeout)?;
            let storage = storage.clone();
            let dispatcher = Dispatcher { hook, client, settings: settings.clone(), storage };
            hooks.push(hook);
            tasks.spawn(Arc::new(dispatcher).run(stop.clone()));
        }
        storage.use_outbox(&hooks);
        Ok(Self { tasks, stop })
    }

    /// Stops posting. What was posted is noted first; what waits is posted after the next start.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Posts the events of one address.
#[derive(Debug)]
struct Dispatcher {
    hook: Hook,
    client: Client,
    settings: WebhookSettings,
    storage: Storage,
}

impl Dispatcher {
    async fn run(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let stored = self.storage.outbox_stored();
            tokio::pin!(stored);
            // From here on nothing is missed that is stored while this looks.
            stored.as_mut().enable();
            let pause = match self.round(&stop).await {
                Ok(Some(pause)) => pause,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(%error, "webhooks wait for the database");
                    DATABASE_PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = &mut stored => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Posts what is due; `None` if there may be more, else how long nothing is due.
    async fn round(&self, stop: &CancellationToken) -> Result<Option<Duration>, StorageError> {
        self.storage.flush_outbox().await?;
        let now = wall_clock();
        let horizon = now.saturating_add(MAX_RETRY);
        let due = self.storage.due_events(self.hook, now, horizon, BATCH).await?;
        if due.is_empty() {
            let next = self.storage.next_due(self.hook).await?;
            let pause = next.map_or(MAX_RETRY, |next| next.saturating_since(now).min(MAX_RETRY));
            // At least a little: what was put off a moment ago is due the next.
            return Ok(Some(pause.max(Duration::from_millis(1))));
        }
        let posted = stream::iter(due)
            .take_until(stop.cancelled())
            .map(|event| async { (self.post(&event).await, event) })
            .buffer_unordered(CONCURRENT)
            .collect::<Vec<_>>()
            .await;
        self.note(posted).await?;
        Ok(None)
    }

    async fn post(&self, event: &DueEvent) -> Result<(), PostError> {
        let began = Instant::now();
        let timestamp_s = wall_clock().as_secs();
        let headers = [
            ("x-calling-event-id", event.event_id.clone()),
            ("x-calling-attempt", (event.attempts + 1).to_string()),
            ("x-calling-timestamp", timestamp_s.to_string()),
            (
                "x-calling-signature",
                sign::signature(&self.settings.secret, timestamp_s, &event.body),
            ),
        ];
        let query = self.query(&event.command, timestamp_s);
        let result = self.client.post(&query, &headers, &event.body).await;
        let label = result.as_ref().map_or_else(PostError::label, |()| "ok");
        let hook = self.hook.text();
        counter!(names::WEBHOOKS, "hook" => hook, "result" => label).increment(1);
        histogram!(names::WEBHOOK_SECONDS, "hook" => hook).record(began.elapsed());
        result
    }

    /// The query of the component this project matches, as far as it applies.
    fn query(&self, command: &str, timestamp_s: u64) -> String {
        let app = self.settings.sdk_app_id;
        let plain = format!("sdkappid={app}&command={command}&contenttype=json&optplatform=Server");
        match &self.settings.sign_token {
            Some(token) => {
                let sign = sign::query_sign(token, timestamp_s);
                format!("{plain}&Sign={sign}&RequestTime={timestamp_s}")
            }
            None => plain,
        }
    }

    /// Notes what became of each. What cannot be noted is posted again.
    async fn note(
        &self,
        posted: Vec<(Result<(), PostError>, DueEvent)>,
    ) -> Result<(), StorageError> {
        let (taken, failed): (Vec<_>, Vec<_>) =
            posted.into_iter().partition(|(result, _)| result.is_ok());
        let taken: Vec<String> = taken.into_iter().map(|(_, event)| event.event_id).collect();
        if !taken.is_empty() {
            self.storage.events_delivered(&taken).await?;
        }
        let now = wall_clock();
        for (result, event) in failed {
            let Err(error) = result else { continue };
            let mut sentence = error.to_string();
            sentence.truncate(sentence.floor_char_boundary(MAX_ERROR_BYTES));
            if event.attempts + 1 >= self.settings.max_attempts {
                tracing::warn!(hook = self.hook.text(), %error, "an event is given up");
                self.storage.event_dead(&event, now, &sentence).await?;
            } else {
                let due_at = self.retry_at(now, event.attempts);
                self.storage.event_failed(&event, due_at, &sentence).await?;
            }
        }
        Ok(())
    }

    fn retry_at(&self, now: UnixMillis, attempts: u32) -> UnixMillis {
        let doubled = self.settings.first_retry.saturating_mul(1 << attempts.min(20));
        now.saturating_add(doubled.min(MAX_RETRY))
    }
}

//! Telling other servers of calls: events, records, and what a push service needs.
//!
//! An event is a row of the database, written in the transaction of what it tells. A task for each
//! address posts the rows: those of one call in order, those of different calls side by side. What
//! is not taken is tried again, later and later, also after a restart; what is never taken becomes
//! a dead letter that an operator can list, send again or delete. An event may arrive twice, with
//! the same `EventId`.

mod client;
mod dispatch;
pub(crate) mod event;
mod sign;

use std::time::Duration;

pub use self::client::AddressError;
pub(crate) use self::dispatch::Dispatchers;
use self::event::Hook;
use crate::config::{SecretKey, WebhookConfig};

/// How webhooks are posted.
#[derive(Clone, Debug)]
pub(crate) struct WebhookSettings {
    pub(crate) url: Option<String>,
    pub(crate) push_url: Option<String>,
    pub(crate) secret: SecretKey,
    pub(crate) sign_token: Option<SecretKey>,
    pub(crate) sdk_app_id: u32,
    pub(crate) timeout: Duration,
    pub(crate) first_retry: Duration,
    pub(crate) max_attempts: u32,
}

impl WebhookSettings {
    pub(crate) fn new(config: &WebhookConfig, sdk_app_id: u32, secret: SecretKey) -> Self {
        Self {
            url: config.url.clone(),
            push_url: config.push_url.clone(),
            secret,
            sign_token: config.sign_token.clone(),
            sdk_app_id,
            timeout: Duration::from_millis(config.timeout_ms.into()),
            first_retry: Duration::from_millis(config.first_retry_ms.into()),
            max_attempts: config.max_attempts,
        }
    }

    /// The hooks that have an address.
    pub(crate) fn hooks(&self) -> Vec<(Hook, &str)> {
        let events = self.url.as_deref().map(|url| (Hook::Events, url));
        let push = self.push_url.as_deref().map(|url| (Hook::Push, url));
        events.into_iter().chain(push).collect()
    }
}

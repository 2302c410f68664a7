//! Servers for tests.

use std::net::SocketAddr;
use std::path::Path;

use calling_callrecord::Record;
use calling_model::UserId;
use calling_server::config::{Config, DEFAULT_SDK_APP_ID, SecretKey};
use calling_server::storage::{RecordFilter, Storage};
use calling_server::{RunningServer, Server};
use calling_signaling::usersig;

use crate::client::Client;

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A server in a directory of its own.
pub(crate) struct TestServer {
    pub(crate) running: RunningServer,
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) fn config(dir: &Path) -> Config {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut config = Config {
        http: any,
        media: any,
        data: dir.to_owned(),
        secret_key: Some(SecretKey::new(KEY).unwrap()),
        ..Config::default()
    };
    config.limits.calls_per_minute = 10_000;
    config
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path());
        change(&mut config);
        let running = Server::start(config).await.unwrap();
        Self { running, dir }
    }

    /// A client that said hello.
    pub(crate) async fn greeted(&self) -> Client {
        Client::greeted(self.running.http_addr()).await
    }

    pub(crate) async fn client(&self, user: &str, device: &str) -> Client {
        Client::signed_in(self.running.http_addr(), user, device).await
    }

    /// Stops the server and reads what it stored.
    pub(crate) async fn stop(self) -> Vec<Record> {
        self.running.stop().await;
        records(self.dir.path()).await
    }
}

pub(crate) async fn records(dir: &Path) -> Vec<Record> {
    let storage = Storage::open_for_reading(dir).await.unwrap();
    let filter = RecordFilter { limit: 10_000, ..RecordFilter::default() };
    let records = storage.records(&filter).await.unwrap();
    storage.close().await;
    records
}

pub(crate) fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A UserSig that is valid for an hour from `now_s`.
pub(crate) fn user_sig(user: &str, key: &str, now_s: u64) -> String {
    usersig::sign(&usersig::Params {
        sdk_app_id: DEFAULT_SDK_APP_ID,
        user_id: &UserId::new(user).unwrap(),
        key,
        now_s,
        expire_s: 3_600,
        userbuf: None,
    })
}

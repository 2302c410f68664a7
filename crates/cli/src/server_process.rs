//! A server inside this process, on a data folder that is gone afterwards.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use calling_callrecord::Record;
use calling_callrecord::quality::MeasuredBy;
use calling_model::CallId;
use calling_server::config::Config;
use calling_server::storage::Storage;
use calling_server::{RunningServer, Server};
use tempfile::TempDir;

use crate::exit::Failure;

/// How long the quality in a record is waited for; the record itself is stored before anybody is
/// told that the call ended.
const RECORD_WAIT: Duration = Duration::from_secs(2);
const RECORD_POLL: Duration = Duration::from_millis(20);

/// A demo server on loopback, threads of its own, ports of the system's choice.
pub(crate) struct OwnServer {
    pub(crate) server: RunningServer,
    pub(crate) sdk_app_id: u32,
    folder: TempDir,
}

impl OwnServer {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::machine)?;
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = Config {
            http: any_port,
            media: any_port,
            data: folder.path().to_owned(),
            demo: true,
            ..Config::default()
        };
        // Benches place calls as fast as they can.
        config.limits.calls_per_minute = 100_000;
        let sdk_app_id = config.sdk_app_id;
        let server = Server::start_on_own_runtime(config).await.map_err(Failure::machine)?;
        Ok(Self { server, sdk_app_id, folder })
    }

    /// The UserSig of a demo account.
    pub(crate) fn user_sig(&self, name: &str) -> Option<String> {
        user_sig(&self.server, name)
    }

    /// The stored record of `call_id`.
    pub(crate) async fn record(&self, call_id: &CallId) -> Option<Record> {
        stored_record(self.folder.path(), call_id).await
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}

/// The UserSig of an account of `server`'s demo.
pub(crate) fn user_sig(server: &RunningServer, name: &str) -> Option<String> {
    let mut accounts = server.demo_accounts().iter().chain(server.probe_accounts());
    accounts.find(|it| it.user_id.as_str() == name).map(|it| it.user_sig.clone())
}

/// The record of `call_id` in the data folder of a running server, with the quality that the
/// phones report right after the end if it comes in time.
pub(crate) async fn stored_record(folder: &Path, call_id: &CallId) -> Option<Record> {
    let storage = Storage::open_for_reading(folder).await.ok()?;
    let rated = async {
        loop {
            let record = storage.record(call_id).await.ok()?;
            if record.as_ref().is_some_and(is_rated_by_a_phone) {
                return record;
            }
            tokio::time::sleep(RECORD_POLL).await;
        }
    };
    let rated = tokio::time::timeout(RECORD_WAIT, rated).await;
    let record = match rated {
        Ok(record) => record,
        Err(_) => storage.record(call_id).await.ok().flatten(),
    };
    storage.close().await;
    record
}

/// What the server knew by itself stands in the record from the start.
fn is_rated_by_a_phone(record: &Record) -> bool {
    record.quality.is_some_and(|quality| quality.measured_by == MeasuredBy::Receiver)
}

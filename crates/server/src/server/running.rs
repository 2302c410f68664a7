use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::start::StartError;
use super::{Server, THREAD_PREFIX, Vitals};
use crate::config::Config;
use crate::http::DemoAccount;

/// Threads of a server's own runtime.
const WORKERS: usize = 2;

/// How long tasks that do not end by themselves are waited for, once the server has stopped.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// What can be known of a server while it runs.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) http: SocketAddr,
    pub(super) media: SocketAddr,
    pub(super) demo_accounts: Vec<DemoAccount>,
    pub(super) probe_accounts: Vec<DemoAccount>,
    pub(super) recovered: usize,
    pub(super) vitals: Vitals,
}

/// A server that answers. Dropping it stops it, too, but nobody waits then.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct RunningServer {
    figures: Figures,
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl RunningServer {
    pub(super) const fn new(
        figures: Figures,
        stop: oneshot::Sender<()>,
        stopped: oneshot::Receiver<()>,
    ) -> Self {
        Self { figures, stop, stopped }
    }

    /// The TCP address of the status page, REST and signalling.
    pub const fn http_addr(&self) -> SocketAddr {
        self.figures.http
    }

    /// The UDP address of media, as bound.
    pub const fn media_addr(&self) -> SocketAddr {
        self.figures.media
    }

    /// The accounts of a demo, with what signs them in; empty unless configured.
    pub fn demo_accounts(&self) -> &[DemoAccount] {
        &self.figures.demo_accounts
    }

    /// Two accounts for a call that shows that the server works; empty unless a demo is configured.
    pub fn probe_accounts(&self) -> &[DemoAccount] {
        &self.figures.probe_accounts
    }

    /// How many calls of a killed predecessor were recorded at the start.
    pub const fn recovered_calls(&self) -> usize {
        self.figures.recovered
    }

    /// Whether a part has failed that does not come back: time to stop, and to start anew.
    pub fn has_failed(&self) -> bool {
        self.figures.vitals.has_failed()
    }

    /// Ends every call and records it, closes every connection and the database, and returns once
    /// that is done.
    pub async fn stop(self) {
        // Errors mean that the server's runtime is gone already.
        let _ = self.stop.send(());
        let _ = self.stopped.await;
    }
}

/// Starts a thread that owns a runtime that runs the server.
pub(super) async fn start_on_own_runtime(config: Config) -> Result<RunningServer, StartError> {
    let (started, start) = oneshot::channel();
    let (stop, stopping) = oneshot::channel();
    let (stopped, stop_done) = oneshot::channel();
    std::thread::Builder::new()
        .name(format!("{THREAD_PREFIX}rt"))
        .spawn(move || {
            let runtime = match runtime() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = started.send(Err(StartError::Threads(error)));
                    return;
                }
            };
            runtime.block_on(serve(config, started, stopping));
            runtime.shutdown_timeout(LAST_TASKS);
            let _ = stopped.send(());
        })
        .map_err(StartError::Threads)?;
    let figures = start.await.map_err(|_| StartError::Died)??;
    Ok(RunningServer::new(figures, stop, stop_done))
}

async fn serve(
    config: Config,
    started: oneshot::Sender<Result<Figures, StartError>>,
    stopping: oneshot::Receiver<()>,
) {
    match Server::start(config).await {
        Ok(server) => {
            let _ = started.send(Ok(server.figures.clone()));
            // Dropping the `RunningServer` stops the server as well.
            let _ = stopping.await;
            server.stop().await;
        }
        Err(error) => {
            let _ = started.send(Err(error));
        }
    }
}

fn runtime() -> io::Result<Runtime> {
    let number = AtomicUsize::new(0);
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name_fn(move || {
            format!("{THREAD_PREFIX}{}", number.fetch_add(1, Ordering::Relaxed))
        })
        .enable_all()
        .build()
}

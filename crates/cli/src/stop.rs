//! Ctrl-C and SIGTERM, kept from the moment the process asks for them.

use crate::exit::Failure;

/// The wish of the user or of the system that this process ends. A signal that comes while nobody
/// waits is not lost.
pub(crate) struct Stop {
    #[cfg(unix)]
    signals: Option<Signals>,
    #[cfg(not(unix))]
    listens: bool,
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    /// Listens from now on; signals no longer end the process by themselves.
    pub(crate) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt()).map_err(Failure::machine)?;
        let terminate = signal(SignalKind::terminate()).map_err(Failure::machine)?;
        Ok(Self { signals: Some(Signals { interrupt, terminate }) })
    }

    /// Nobody asks; for calls that end by themselves.
    pub(crate) const fn never() -> Self {
        Self { signals: None }
    }

    /// Waits for the next signal. Cancel-safe.
    pub(crate) async fn asked(&mut self) {
        let Some(signals) = &mut self.signals else { return std::future::pending().await };
        tokio::select! {
            _ = signals.interrupt.recv() => {}
            _ = signals.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Stop {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self { listens: true })
    }

    /// Nobody asks; for calls that end by themselves.
    pub(crate) const fn never() -> Self {
        Self { listens: false }
    }

    /// Waits for the next Ctrl-C.
    pub(crate) async fn asked(&mut self) {
        if !self.listens || tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

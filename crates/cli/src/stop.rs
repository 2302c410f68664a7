//! Ctrl-C and SIGTERM, kept from the moment the process asks for them.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::exit::Failure;

/// The wish of the user or of the system that this process ends. A signal that comes while nobody
/// waits is not lost.
pub(crate) struct Stop {
    #[cfg(unix)]
    signals: Option<Signals>,
    #[cfg(not(unix))]
    listens: bool,
    nudge: Arc<Notify>,
}

impl Stop {
    /// What, notified, is a wish to stop too: a key that stands for Ctrl-C while the terminal does
    /// not make a signal of it.
    pub(crate) fn nudge(&self) -> Arc<Notify> {
        Arc::clone(&self.nudge)
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Told only to who has a terminal to put back.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Stop {
    /// Listens from now on; signals no longer end the process by themselves.
    pub(crate) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt()).map_err(Failure::machine)?;
        let terminate = signal(SignalKind::terminate()).map_err(Failure::machine)?;
        let signals = Some(Signals { interrupt, terminate, hangup: None });
        Ok(Self { signals, nudge: Arc::default() })
    }

    /// Listens to the end of the terminal (SIGHUP) too.
    pub(crate) fn and_hangup(mut self) -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        if let Some(signals) = &mut self.signals {
            signals.hangup = Some(signal(SignalKind::hangup()).map_err(Failure::machine)?);
        }
        Ok(self)
    }

    /// Nobody asks; for calls that end by themselves.
    pub(crate) fn never() -> Self {
        Self { signals: None, nudge: Arc::default() }
    }

    /// Waits for the next signal. Cancel-safe.
    pub(crate) async fn asked(&mut self) {
        let Some(signals) = &mut self.signals else { return std::future::pending().await };
        let hangup = async {
            match &mut signals.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = signals.interrupt.recv() => {}
            _ = signals.terminate.recv() => {}
            _ = hangup => {}
            () = self.nudge.notified() => {}
        }
    }
}

#[cfg(not(unix))]
impl Stop {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self { listens: true, nudge: Arc::default() })
    }

    /// There is no such signal here.
    pub(crate) fn and_hangup(self) -> Result<Self, Failure> {
        Ok(self)
    }

    /// Nobody asks; for calls that end by themselves.
    pub(crate) fn never() -> Self {
        Self { listens: false, nudge: Arc::default() }
    }

    /// Waits for the next Ctrl-C.
    pub(crate) async fn asked(&mut self) {
        if !self.listens {
            return std::future::pending().await;
        }
        tokio::select! {
            Ok(()) = tokio::signal::ctrl_c() => {}
            () = self.nudge.notified() => {}
        }
    }
}

//! The whole server: starts its parts in order, and stops them in the reverse.

mod running;
mod start;
mod vitals;

use tokio::sync::oneshot;

pub use self::running::RunningServer;
pub use self::start::StartError;
pub(crate) use self::vitals::Vitals;
use crate::config::Config;

/// Names of the runtime's threads begin so, as does that of each media thread. (Linux keeps 15
/// bytes of a name.)
pub const THREAD_PREFIX: &str = "calling-srv-";

/// Starts servers.
#[derive(Clone, Copy, Debug)]
pub struct Server;

impl Server {
    /// Starts a server on the runtime of the caller. When this returns it answers.
    ///
    /// Before anything else it records the calls that a killed predecessor left behind.
    ///
    /// # Errors
    /// One line that says what to do.
    pub async fn start(config: Config) -> Result<RunningServer, StartError> {
        let parts = start::start(config).await?;
        let (figures, stop, stopped) = (parts.figures(), oneshot::channel(), oneshot::channel());
        tokio::spawn(async move {
            // Dropping the `RunningServer` stops the server as well.
            let _ = stop.1.await;
            parts.stop().await;
            let _ = stopped.0.send(());
        });
        Ok(RunningServer::new(figures, stop.0, stopped.1))
    }

    /// Starts a server on a runtime of its own, so that its work can be told from the caller's:
    /// the names of all its threads begin with [`THREAD_PREFIX`].
    ///
    /// # Errors
    /// As [`Server::start`], or no threads can be started.
    pub async fn start_on_own_runtime(config: Config) -> Result<RunningServer, StartError> {
        running::start_on_own_runtime(config).await
    }
}

mod config;
mod lite;
mod output;

pub use config::{LiteConfig, LocalParams, OpenError, RemoteParams};
pub use lite::LiteServer;
pub use output::{ServerOutput, ServerReceived, ServerStats};

mod checks;
mod config;
mod connection;
mod deadlines;
mod due;
mod hash;
mod lite;
mod output;
mod table;

pub use config::{LiteConfig, LocalParams, OpenError, RemoteParams};
pub use lite::LiteServer;
pub use output::{ServerOutput, ServerReceived, ServerStats};

//! Sockets, timers and tasks on tokio.

mod backoff;
mod bell;
mod call_log;
mod calling;
mod chat;
mod engine;
mod events;
mod ice;
mod link;
mod media;
mod server_url;
mod session;
mod shared;
mod video;
mod views;

pub use call_log::RecentCalls;
pub use calling::Calling;
pub use chat::Chat;
pub use engine::CallEngine;
pub use events::Events;

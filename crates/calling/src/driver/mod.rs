//! Sockets, timers and tasks on tokio.

mod backoff;
mod calling;
mod engine;
mod events;
mod ice;
mod link;
mod media;
mod server_url;
mod session;
mod shared;
mod views;

pub use calling::Calling;
pub use engine::CallEngine;
pub use events::Events;

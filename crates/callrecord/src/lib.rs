//! What remains of a call: its record, its messages in conversations, their texts and its quality.
//!
//! * [`Record`]: one per call, made of the [`EndedCall`](calling_signaling::call::EndedCall);
//!   [`CallLogEntry`] is what one of its people sees of it.
//! * [`messages_for`]: the messages a call leaves, each with its conversation.
//! * [`CallingMessage`]: reads such messages, of every generation.
//! * [`text`]: what a conversation shows for them, in three languages and any that is added.
//! * [`quality`]: how the call sounded, as figures and as an estimated opinion score.

mod call_log;
#[doc(hidden)]
pub mod fuzz;
mod message;
mod people;
pub mod quality;
mod record;
mod stored;
pub mod text;

pub use call_log::{CallLogEntry, CallLogFilter, CallLogResult};
pub use message::{
    CallingMessage, MessageFlags, Protocol, Side, get_call_message, is_call_end_exist,
    is_calling_data, is_group_calling_message,
};
pub use quality::QualitySummary;
pub use record::{Record, Scene};
pub use stored::{CallMessage, Conversation, StoredMessage, message_for, messages_for};
pub use text::{Language, Texts, get_action_type, get_show_time};

/// Compiles and runs what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

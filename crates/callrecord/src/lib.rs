//! What remains of a call: its record, its message in the conversation, its texts and its quality.
//!
//! * [`Record`]: one per call, made of the [`EndedCall`](calling_signaling::call::EndedCall).
//! * [`message_for`]: the message that the call leaves in the conversation of the two.
//! * [`CallingMessage`]: reads such messages, of every generation.
//! * [`text`]: what a conversation shows for them, in three languages.
//! * [`quality`]: how the call sounded, as figures and as an estimated opinion score.

mod call_message;
mod calling_message;
#[doc(hidden)]
pub mod fuzz;
pub mod quality;
mod record;
pub mod text;

pub use call_message::{CallMessage, message_for};
pub use calling_message::{CallingMessage, get_call_message, is_call_end_exist, is_calling_data};
pub use quality::QualitySummary;
pub use record::Record;
pub use text::{Language, get_action_type, get_show_time, summary};

//! The invite as it stands in a message: envelope, payload and what they mean together.
//!
//! An [`Envelope`] says who invites whom and which of five actions this is; inside, as JSON within
//! JSON, a [`Payload`] says what the call is about. Several generations of programs wrote them
//! differently. [`decode_envelope`] reads them all, [`Envelope::signal`] says what one means, and
//! [`compose`] with [`Envelope::encode`] writes the one form that every generation understands.
//!
//! Two more texts travel beside it: the [`PushExt`] of an offline push, and the
//! [`GroupCallAttribute`] by which the members of a chat group see its running call.

mod compose;
mod decode;
mod discard;
mod encode;
mod envelope;
mod group_attribute;
mod loose;
mod mid_call;
mod payload;
mod push;
mod signal;

pub use compose::{PLATFORM, compose};
pub use decode::{Message, decode_envelope, decode_message, decode_payload};
pub use discard::InviteDiscard;
pub use envelope::{ActionType, Envelope};
pub use group_attribute::{GROUP_ATTRIBUTE, GroupCallAttribute, RoomRef};
pub use mid_call::MidCall;
pub use payload::{Business, CallAction, Command, Generation, Payload, PayloadData};
pub use push::{PUSH_CHANNEL_OPPO, PUSH_DESCRIPTION, PUSH_SOUND_IOS, PushExt};
pub use signal::{Signal, SyncInfo};

/// The longest message looked at, in bytes. 4096 bytes of `userData` fit, however often they are
/// escaped.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// The deepest nesting of an envelope or of a payload.
pub const MAX_MESSAGE_DEPTH: usize = 8;

/// The newest payload version understood.
pub const MAX_PAYLOAD_VERSION: u32 = 4;

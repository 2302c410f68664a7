//! Identifiers, units and the machine contract shared by every crate of Calling.
//!
//! Nothing here reads a clock, holds a lock or performs IO.

mod id;
mod level;
mod machine;
mod media_type;
mod pii;
mod time;
mod units;
mod video;

pub use id::{
    CallId, ConnectionId, DeviceId, Endpoint, GroupId, InvalidId, InviteId, ParticipantId, RoomId,
    UserId,
};
pub use level::{AudioLevel, Volume};
pub use machine::Machine;
pub use media_type::{MediaType, UnknownMediaType};
pub use pii::Pii;
pub use time::UnixMillis;
pub use units::Bitrate;
pub use video::{VideoSize, VideoTrack};

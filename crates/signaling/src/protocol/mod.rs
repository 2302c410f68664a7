//! What a client and the server say to each other.
//!
//! Every frame is one JSON object. A client sends [`ClientFrame`]s: a request with an id of its
//! choice. The server answers each with exactly one [`ServerFrame::Reply`] of the same id, and
//! sends [`ServerFrame::Event`]s on its own. Over WebSocket a frame is one text message; over any
//! other byte stream it is preceded by its length (`u32`, big-endian, in bytes).

mod chat;
mod code;
mod codec;
mod decode;
mod event;
mod media;
mod member;
mod recent;
mod request;

pub use chat::{
    ChatEvent, ChatReply, ChatRequest, ConversationInfo, ConversationsReply, CreateGroupParams,
    GroupInfo, GroupMemberInfo, GroupRole, GroupsReply, MembersReply, ProfileInfo, ProfilesReply,
    SendMessageParams, SentReply, Target,
};
pub use code::{Code, ProtocolError};
pub use codec::{ClientCodec, CodecError, Frame, FrameCodec, ServerCodec, encode};
pub use decode::{FrameError, decode_client_frame, decode_server_frame, negotiate};
pub use event::{Event, MessageEvent, UserVolume};
pub use media::{ClientOffer, SdpAnswer, SdpOffer, Subscription, Track, VideoStream, VideoView};
pub use member::{Member, MemberState, RunningCall};
pub use recent::{
    DeletedCallsReply, MAX_DELETED_CALLS, RecentCall, RecentCallsParams, RecentCallsReply,
    RecentResult, RecentScene,
};
pub use request::{
    CallParams, CallReply, ClientFrame, EventFrame, GroupCallReply, HeardQuality, HelloParams,
    HelloReply, HistoryParams, HistoryReply, IceServer, IceServersReply, InviteParams, MediaAnswer,
    MediaOffer, QualityCause, Reply, Request, ResumeParams, ServerFrame, SignInParams, SignInReply,
};

/// The protocol versions this build speaks, newest last.
pub const VERSIONS: &[u16] = &[1];

/// The largest frame accepted from a client, in bytes.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;

/// The largest frame accepted from a server, in bytes: a page of history is long.
pub const MAX_SERVER_FRAME_BYTES: usize = 1024 * 1024;

/// The deepest nesting of a frame accepted.
pub const MAX_FRAME_DEPTH: usize = 16;

use calling_model::{CallId, DeviceId, GroupId, MediaType, UnixMillis, UserId, VideoTrack};
use serde::{Deserialize, Serialize};

use super::{
    ChatReply, ChatRequest, ClientOffer, Event, Member, MessageEvent, ProtocolError, RunningCall,
    SdpAnswer, VideoStream, VideoView,
};
use crate::call::{CallFacts, Role};

/// What a client sends: `{"id":7,"method":"call","params":{…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientFrame {
    /// Chosen by the client, unique among its unanswered requests.
    pub id: u64,
    /// What it wants.
    #[serde(flatten)]
    pub request: Request,
}

/// A request, by `method`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params", rename_all = "snake_case", remote = "Self")]
pub enum Request {
    /// First on every connection: the versions the client speaks.
    Hello(HelloParams),
    /// Who the client is, proven by a UserSig.
    SignIn(SignInParams),
    /// Takes up the session of a connection that was lost, in place of `sign_in`; answered with
    /// [`Reply::SignedIn`], then by the events that were missed.
    Resume(ResumeParams),
    /// Signs this device out; the connection stays.
    SignOut {},
    /// Proves that the connection lives; answered with `{}`.
    Ping {},
    /// Asks for STUN and TURN servers anew, before the credentials told last expire.
    GetIceServers {},
    /// Places a call.
    Call(CallParams),
    /// Answers a call.
    Accept {
        /// The ringing call.
        call_id: CallId,
    },
    /// Declines a call.
    Reject {
        /// The ringing call.
        call_id: CallId,
        /// Shown to the caller as "line busy" rather than "declined".
        #[serde(default)]
        busy: bool,
    },
    /// Withdraws a call that still rings, or leaves one that is connected. Others go on talking
    /// while there are two, or one and somebody who still rings.
    Hangup {
        /// The call.
        call_id: CallId,
    },
    /// Rings more people into the call the asker is in; answered with [`Reply::Call`].
    InviteUsers(InviteParams),
    /// Enters a running call of one's group, or one that was left or declined before; answered
    /// with [`Reply::Call`].
    Join {
        /// The call.
        call_id: CallId,
    },
    /// Makes a voice call a video call or the other way round, for everybody in it.
    SwitchMediaType {
        /// The call.
        call_id: CallId,
        /// What it becomes.
        media_type: MediaType,
    },
    /// Asks for the running call of a group; answered with [`Reply::GroupCall`].
    GroupCall {
        /// The group.
        group_id: GroupId,
    },
    /// Opens the media connection of a call; allowed from invite on, so that it is ready before
    /// anybody answers.
    ConnectMedia {
        /// The call.
        call_id: CallId,
        /// The client's half of ICE, DTLS and RTP: `offer`, or `sdp` and `subscribe`.
        #[serde(flatten)]
        offer: ClientOffer,
    },
    /// Says that the client's media connection of the call is up (DTLS done).
    MediaReady {
        /// The call.
        call_id: CallId,
    },
    /// The client muted or unmuted its microphone.
    SetMicMute {
        /// The call.
        call_id: CallId,
        /// `true`: no audio from this client until unmuted.
        muted: bool,
    },
    /// Says which pictures this device wants to see. To a client that offered in SDP they come in
    /// the sections it offered; this only changes their sizes.
    SubscribeVideo {
        /// The call.
        call_id: CallId,
        /// All of them: this replaces what was asked for before.
        views: Vec<VideoView>,
    },
    /// The client turned one of its pictures off or on again.
    SetVideoMute {
        /// The call.
        call_id: CallId,
        /// Which picture.
        track: VideoTrack,
        /// `true`: nothing of it reaches anybody until unmuted.
        muted: bool,
    },
    /// Asks for the running call's truth after doubt; answered with [`Reply::Call`] or an error.
    GetCall {
        /// The call.
        call_id: CallId,
    },
    /// Messages of the conversation with `peer` or in a group, newest first.
    History(HistoryParams),
    /// What the client heard of a call that has ended; the worse side stands in its record.
    ReportQuality {
        /// The call.
        call_id: CallId,
        /// What was measured.
        heard: HeardQuality,
    },
    /// Something about conversations, groups or profiles. On the wire it stands among the others,
    /// by its own `method`.
    #[serde(skip)]
    Chat(ChatRequest),
}

impl Serialize for Request {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Self::Chat(chat) = self {
            return chat.serialize(serializer);
        }
        Self::serialize(self, serializer)
    }
}

/// All but what is about conversations: whoever reads frames tells those apart by their names
/// first ([`decode_client_frame`](super::decode_client_frame)).
impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// Parameters of `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloParams {
    /// Protocol versions the client speaks.
    pub versions: Vec<u16>,
    /// Name and version of the client program, for people.
    #[serde(default)]
    pub agent: String,
}

/// Parameters of `sign_in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInParams {
    /// The application the UserSig was issued for.
    pub sdk_app_id: u32,
    /// The account.
    pub user_id: UserId,
    /// Proof of the account.
    pub user_sig: String,
    /// This installation.
    pub device_id: DeviceId,
}

/// Parameters of `resume`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeParams {
    /// The last `resume_token` this device was given.
    pub token: String,
    /// The installation the token was given to.
    pub device_id: DeviceId,
    /// The greatest `seq` of an event this device handled; 0 if none.
    #[serde(default)]
    pub last_event: u64,
}

impl std::fmt::Debug for ResumeParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is as good as a password while it lives.
        f.debug_struct("ResumeParams").field("last_event", &self.last_event).finish_non_exhaustive()
    }
}

/// Parameters of `invite_users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteParams {
    /// The call the asker is in.
    pub call_id: CallId,
    /// Whom to ring. Those who are in the call or ring already are passed over.
    pub users: Vec<UserId>,
    /// How long to ring, in seconds; as the call itself if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
}

/// Parameters of `call`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallParams {
    /// Whom to ring: one in a one-to-one call, several in a group call.
    pub callees: Vec<UserId>,
    /// Voice or video.
    pub media_type: MediaType,
    /// The chat group the call belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// How long to ring, in seconds; the server's default if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
    /// Free text passed to the callees.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_data: String,
    /// When the user asked, by the server's clock as told at sign-in (`server_time`). A request
    /// that was under way for too long is refused; one that does not say is taken as new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<UnixMillis>,
}

/// Parameters of `history`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryParams {
    /// The other side of the conversation; absent for a group's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<UserId>,
    /// The group of the conversation; absent for one of two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// At most this many (1..=100; the server's default if absent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only messages with a smaller sequence number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// What a client measured of the sound it received in one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeardQuality {
    /// Packets that arrived.
    pub packets: u64,
    /// Packets that never came.
    pub packets_lost: u64,
    /// Sound played, in milliseconds.
    pub played_ms: u64,
    /// Of that, made up for what did not come in time, in milliseconds.
    pub concealed_ms: u64,
    /// Mean playout delay, in milliseconds.
    pub mean_delay_ms: f64,
    /// Interarrival jitter (RFC 3550 section 6.4.1), in milliseconds.
    pub jitter_ms: f64,
    /// Round trip to the server, in milliseconds; 0 if never measured.
    pub rtt_ms: f64,
    /// Times that making up began; 0 if not counted, and then losses are taken for independent.
    #[serde(default)]
    pub concealment_events: u64,
    /// The lowest opinion score of any five seconds, either direction; absent if never estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_mos: Option<f64>,
    /// What most of the bad intervals suffered from; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<QualityCause>,
}

/// What makes a call sound bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityCause {
    /// Packets get lost, or take long, from the speaker to the server.
    Uplink,
    /// Packets get lost, or take long, from the server to the listener.
    Downlink,
    /// Packets come at irregular times: too late to be played, or played only after a long wait.
    Jitter,
    /// The speaker's machine had no time to record or encode: less sound was sent than time passed.
    SenderCpu,
    /// The listener's machine or loudspeaker did not take sound for a while.
    Device,
}

/// The client's half of a media connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaOffer {
    /// ICE username fragment (RFC 8839 section 5.4).
    pub ufrag: String,
    /// ICE password.
    pub pwd: String,
    /// `sha-256 AA:BB:…` of the DTLS certificate (RFC 8122 section 5).
    pub fingerprint: String,
    /// Candidates in SDP attribute form (RFC 8839 section 5.1); may be empty, since the server
    /// learns addresses from checks.
    #[serde(default)]
    pub candidates: Vec<String>,
    /// SSRC of the client's audio.
    pub audio_ssrc: u32,
    /// The pictures the client may send; announced at once, so that opening a camera needs no new
    /// connection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub video: Vec<VideoStream>,
    /// The client can send and read packets that carry copies of earlier frames (RFC 2198).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub red: bool,
}

/// The server's half of a media connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaAnswer {
    /// ICE username fragment.
    pub ufrag: String,
    /// ICE password.
    pub pwd: String,
    /// `sha-256 AA:BB:…` of the server's DTLS certificate.
    pub fingerprint: String,
    /// The server's candidates in SDP attribute form; it is ICE-lite, so all are host candidates.
    pub candidates: Vec<String>,
    /// RTP payload type of Opus.
    pub audio_payload_type: u8,
    /// Id of the audio-level header extension (RFC 6464).
    pub audio_level_id: u8,
    /// RTP payload type of packets with copies of earlier frames, if the client offered them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red_payload_type: Option<u8>,
}

/// What the server sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ServerFrame {
    /// `{"id":7,"result":{…}}`
    Reply {
        /// The id of the request.
        id: u64,
        /// Its result.
        result: Reply,
    },
    /// `{"id":7,"error":{…}}`; the id is `null` if the request's could not be read.
    Error {
        /// The id of the request.
        id: Option<u64>,
        /// Why it failed.
        error: ProtocolError,
    },
    /// `{"event":"invited","params":{…},"seq":7}`
    Event(EventFrame),
}

/// An event as it travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventFrame {
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// Its place among the events of the session, from 1 on and without gaps. Missing on events
    /// that are worth nothing later (`volumes`): those are not sent again on `resume`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

impl From<Event> for EventFrame {
    fn from(event: Event) -> Self {
        Self { event, seq: None }
    }
}

impl From<Event> for ServerFrame {
    fn from(event: Event) -> Self {
        Self::Event(event.into())
    }
}

/// A successful answer, by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// To requests that have nothing to tell.
    Done {},
    /// To `hello`.
    Hello(HelloReply),
    /// To `get_ice_servers`.
    IceServers(IceServersReply),
    /// To `sign_in` and `resume`.
    SignedIn(SignInReply),
    /// To `call`, `accept`, `invite_users`, `join` and `get_call`.
    Call(CallReply),
    /// To `group_call`.
    GroupCall(GroupCallReply),
    /// To `connect_media` with `offer`.
    Media(MediaAnswer),
    /// To `connect_media` with `sdp`.
    MediaSdp(SdpAnswer),
    /// To `history`.
    History(HistoryReply),
    /// To requests about conversations, by its own `type`.
    #[serde(untagged)]
    Chat(ChatReply),
}

/// To `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloReply {
    /// The version both speak from now on.
    pub version: u16,
    /// Name and version of the server.
    pub server: String,
}

/// To `sign_in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInReply {
    /// The client sends something (a `ping` at least) this often, in milliseconds.
    pub ping_interval_ms: u32,
    /// STUN and TURN servers the client may use.
    #[serde(default)]
    pub ice_servers: Vec<IceServer>,
    /// How long the credentials among them are good, in seconds: `get_ice_servers` gives fresh ones.
    /// `None` if they do not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ice_expire_s: Option<u32>,
    /// The server's wall clock as it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time: Option<UnixMillis>,
    /// What takes up this session after a lost connection; `None` where that is not offered.
    /// Replaces every token given before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_token: Option<String>,
}

/// To `get_ice_servers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServersReply {
    /// STUN and TURN servers the client may use, in place of those told before.
    #[serde(default)]
    pub ice_servers: Vec<IceServer>,
    /// How long the credentials among them are good, in seconds; `None` if they do not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ice_expire_s: Option<u32>,
}

/// A STUN or TURN server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:host:port` or `turn:host:port?transport=udp` (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// TURN user name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// TURN password.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential: String,
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IceServer").field("urls", &self.urls.len()).finish_non_exhaustive()
    }
}

/// A call as the asker may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallReply {
    /// The facts of the call, as they stand now: everybody invited so far, the present medium.
    pub facts: CallFacts,
    /// The asker's side. After glare a request to call is answered with the role `callee` of the
    /// other's call, already connected.
    pub role: Role,
    /// Whether the asker is in a conversation: somebody accepted, and the asker did not merely
    /// ring.
    pub connected: bool,
    /// Everybody who is or was in the call or invited to it, the caller first. Empty from servers
    /// that do not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
}

/// To `group_call`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCallReply {
    /// The group's running call; `None` if nobody talks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<RunningCall>,
}

/// To `history`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryReply {
    /// Newest first.
    pub messages: Vec<MessageEvent>,
}

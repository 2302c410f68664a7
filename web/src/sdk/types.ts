/**
 * What an application sees of a call. Everything here is plain data; times of one's own clock are
 * milliseconds as `Date.now()` gives them, times of the server are named so.
 */

/** An account: 1 to 32 of letters, digits, `_` and `-`. */
export type UserId = string;
/** A chat group. */
export type GroupId = string;
/** A call. */
export type CallId = string;

/** Voice or video. */
export type MediaType = "audio" | "video";

/** What somebody sends: microphone, camera or screen. */
export type Track = "audio" | "camera" | "screen";

/** A picture somebody sends. */
export type VideoTrack = Exclude<Track, "audio">;

/** How large a picture is wanted: for a tile, or for the stage. */
export type VideoSize = "small" | "large";

/** Why a call ended, for everybody alike. */
export type Outcome =
  | "completed"
  | "rejected"
  | "no_answer"
  | "offline"
  | "busy"
  | "cancelled"
  | "peer_lost"
  | "interrupted";

/** How one person stands to a call. */
export type MemberState =
  | "pending"
  | "connected"
  | "rejected"
  | "busy"
  | "no_answer"
  | "left"
  | "removed";

/** How good a connection is; the numbers are those of TRTC's `NetworkQuality`. */
export const NetworkQuality = {
  /** Not measured. */
  Unknown: 0,
  Excellent: 1,
  Good: 2,
  Poor: 3,
  Bad: 4,
  VeryBad: 5,
  /** Nothing passes. */
  Down: 6,
} as const;
/** 0..6, see the constant of the same name. */
export type NetworkQuality = (typeof NetworkQuality)[keyof typeof NetworkQuality];

/** Why somebody left the media room: 0 by itself, 1 timed out, 2 removed. */
export type LeaveReason = 0 | 1 | 2;

/** The connection to the server. */
export type ConnectionState =
  /** Not signed in, and not trying. */
  | "signedOut"
  | "connecting"
  | "connected"
  /** Was connected, and tries to be again. */
  | "reconnecting";

/** The media of the present call. */
export type MediaState =
  /** There is none: no call, or it rings. */
  | "none"
  | "connecting"
  | "connected"
  /** Was connected; nothing passes just now, and it is being repaired. */
  | "reconnecting"
  /** Given up; the call goes on without sound and pictures. */
  | "failed";

/** One person of a call, this account included. */
export interface CallMember {
  readonly user: UserId;
  readonly state: MemberState;
  /** A device of theirs rings (told of those one invited). */
  readonly ringing: boolean;
  /** Whether their media connection is in the room. */
  readonly entered: boolean;
  /** Whether their sound flows. */
  readonly audio: boolean;
  /** Whether their camera's picture flows. */
  readonly camera: boolean;
  /** Whether their screen's picture flows. */
  readonly screen: boolean;
  /** How loud they are, 0..100. */
  readonly volume: number;
  readonly quality: NetworkQuality;
}

/** One's own side of the media. */
export interface LocalMedia {
  readonly state: MediaState;
  /** The microphone is open and sends, unless muted. */
  readonly microphone: boolean;
  readonly micMuted: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
  /** Without a microphone: why, in plain words. Others are heard all the same. */
  readonly listenOnly?: DeviceProblem;
  /** The browser wants a click before it plays sound: call `resumePlayback()` from one. */
  readonly playbackBlocked: boolean;
}

/** The call this device is in, calls, or is rung by. */
export interface CallState {
  readonly callId: CallId;
  /**
   * `outgoing`: placed, nobody has answered. `incoming`: it rings here. `accepting`: answered here,
   * the server has not confirmed. `connected`: in conversation.
   */
  readonly phase: "outgoing" | "incoming" | "accepting" | "connected";
  readonly role: "caller" | "callee";
  readonly mediaType: MediaType;
  readonly caller: UserId;
  /** Who invited this account: the caller, or whoever did so later. */
  readonly inviter: UserId;
  readonly groupId?: GroupId;
  /** A call of a group or of more than two. */
  readonly isGroup: boolean;
  /** The caller's free text. */
  readonly userData: string;
  /** Everybody who is or was in it or invited, the caller first; this account among them. */
  readonly members: readonly CallMember[];
  /** When it stops to ring, by the own clock; while it rings. */
  readonly ringsUntil?: number;
  /** When the conversation began here, by the own clock. */
  readonly connectedAt?: number;
  /**
   * Taken up by a page that was loaded anew: microphone and camera are opened again if they were
   * open.
   */
  readonly isRestored?: true;
  readonly local: LocalMedia;
}

/** Everything at a glance; a new object after each change. */
export interface CallingState {
  readonly connection: ConnectionState;
  /** Who is signed in. */
  readonly user?: UserId;
  readonly call?: CallState;
}

/** A running call as the members of its group see it. */
export interface RunningCall {
  readonly callId: CallId;
  readonly groupId?: GroupId;
  readonly mediaType: MediaType;
  readonly caller: UserId;
  readonly members: readonly { readonly user: UserId; readonly state: MemberState }[];
}

/** A microphone, loudspeaker or camera. */
export interface Device {
  readonly id: string;
  /** The browser's name for it; empty until a permission was given. */
  readonly label: string;
}

/** Why a device cannot be used. */
export interface DeviceProblem {
  readonly device: "microphone" | "camera" | "screen" | "speaker";
  readonly reason:
    /** The person, the browser or the site's policy said no. */
    | "denied"
    /** There is none. */
    | "missing"
    /** Another program holds it, or it does not work. */
    | "busy"
    /** The page was not loaded over HTTPS (or from localhost), where browsers offer none. */
    | "insecure"
    /** This browser cannot do that. */
    | "unsupported"
    /** Unplugged while in use. */
    | "unplugged";
  /** A plain English sentence that says what to do. */
  readonly message: string;
}

/** A conversation as this account sees it. */
export type Conversation =
  | { readonly user: UserId; readonly group?: never }
  | { readonly group: GroupId; readonly user?: never };

/** One message of a conversation. */
export interface Message {
  readonly conversation: Conversation;
  /** Its number there. */
  readonly seq: number;
  readonly from: UserId;
  /** When the server stored it, in milliseconds of Unix time. */
  readonly sentAt: number;
  /** A text message's text; absent from others. */
  readonly text?: string;
  /** A custom message's text: for a call message its envelope as JSON. Empty in text messages. */
  readonly custom: string;
  /** The call it records. */
  readonly callId?: CallId;
  /** The sender's own name for it; on the sender's devices only. */
  readonly clientId?: string;
  /** Taken back: there is no text any more. */
  readonly recalled: boolean;
}

/** A conversation in the list. */
export interface ConversationInfo {
  readonly conversation: Conversation;
  readonly last?: Message;
  /** Messages of others that were not read, counted up to 1,000. */
  readonly unread: number;
  readonly readSeq: number;
}

/** How an account is shown. */
export interface Profile {
  readonly user: UserId;
  /** May be empty. */
  readonly nickname: string;
  /** An address; may be empty. */
  readonly avatar: string;
  /** What this account calls them; may be empty. */
  readonly remark: string;
}

/** A chat group. */
export interface Group {
  readonly groupId: GroupId;
  readonly name: string;
  readonly owner: UserId;
  /** Milliseconds of Unix time. */
  readonly createdAt: number;
}

/** What somebody may do in a group. */
export type GroupRole = "owner" | "admin" | "member";

/** Somebody in a group. */
export interface GroupMember {
  readonly user: UserId;
  readonly role: GroupRole;
  /** What they are called in this group; may be empty. */
  readonly nameCard: string;
  readonly nickname: string;
  readonly joinedAt: number;
}

/** A call of the own log. */
export interface RecentCall {
  readonly callId: CallId;
  readonly inviter: UserId;
  readonly inviteList: readonly UserId[];
  readonly scene: "single" | "multi" | "group";
  readonly mediaType: MediaType;
  readonly groupId?: GroupId;
  readonly role: "caller" | "callee";
  readonly result: "outgoing" | "incoming" | "missed" | "unknown";
  /** Milliseconds of Unix time. */
  readonly beginTime: number;
  /** How long this account talked, in milliseconds. */
  readonly totalMs: number;
}

/** A page of a longer list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Hand it in again for the next page; absent from the last. */
  readonly next?: string;
}

/** Volumes of one moment. */
export interface Volume {
  readonly user: UserId;
  /** 0..100. */
  readonly volume: number;
}

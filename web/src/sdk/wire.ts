/** The frames of docs/protocol.md, as they travel. */
import type {
  GroupRole,
  LeaveReason,
  MediaType,
  MemberState,
  Outcome,
  VideoSize,
  VideoTrack,
} from "./types.js";

export interface WireFacts {
  call_id: string;
  caller: string;
  callees: string[];
  media_type: MediaType;
  group_id?: string;
  timeout_s: number;
  user_data?: string;
}

export interface WireMember {
  user: string;
  state: MemberState;
}

export interface WireCall {
  facts: WireFacts;
  role: "caller" | "callee";
  connected: boolean;
  members?: WireMember[];
}

export interface WireRunningCall {
  facts: WireFacts;
  members: WireMember[];
}

export interface WireError {
  code: number;
  message: string;
}

export type WireTarget = { user: string } | { group: string };

export interface WireMessage {
  seq: number;
  from: string;
  to?: string;
  group_id?: string;
  sent_at: number;
  call_id?: string;
  text?: string;
  custom?: string;
  client_id?: string;
  recalled?: boolean;
}

export interface WireGroup {
  group_id: string;
  name: string;
  owner: string;
  created_at: number;
}

export interface WireGroupMember {
  user: string;
  role: GroupRole;
  name_card?: string;
  nickname?: string;
  joined_at: number;
}

/** STUN and TURN servers, and for how many seconds their credentials are good; without, for ever. */
export interface NamedServers {
  ice_servers?: { urls: string[]; username?: string; credential?: string }[];
  ice_expire_s?: number;
}

export interface SignedIn extends NamedServers {
  ping_interval_ms: number;
  server_time?: number;
  resume_token?: string;
}

/** What a section of an SDP offer is to receive. */
export interface Subscription {
  user: string;
  track: "audio" | VideoTrack;
  size?: VideoSize;
}

interface OfCall {
  call_id: string;
}
interface OfUser extends OfCall {
  user: string;
}

/** What the server tells on its own, by `event`. */
export interface WireEvents {
  invited: {
    facts: WireFacts;
    remaining_ms: number;
    inviter?: string;
    in_call?: string[];
    attempt?: number;
  };
  ringing: OfUser;
  accepted: OfUser;
  rejected: OfUser;
  line_busy: OfUser;
  no_response: OfUser;
  cancelled: OfUser;
  timed_out: OfCall & { users: string[] };
  handled_elsewhere: OfCall & { accepted: boolean };
  ended: OfCall & { outcome: Outcome; by?: string; duration_ms: number };
  joined: OfUser;
  member_left: OfUser & { reason: LeaveReason };
  invitees_changed: OfCall & { by: string; users: string[]; invited?: string[] };
  media_type_changed: OfCall & { by: string; media_type: MediaType };
  group_call_changed: { group_id: string; call?: WireRunningCall };
  resumed: WireCall;
  /** With the SSRCs under which their sound and pictures come. */
  user_entered: OfUser & { audio_ssrc: number; video?: { track: VideoTrack; ssrc: number }[] };
  user_left: OfUser & { reason: LeaveReason };
  audio_available: OfUser & { available: boolean };
  video_available: OfUser & { track: VideoTrack; available: boolean };
  volumes: OfCall & { volumes: { user: string; volume: number }[]; total: number };
  media_failed: OfCall & { error: WireError };
  message: WireMessage;
  message_recalled: { conversation: WireTarget; seq: number; by?: string };
  read: { conversation: WireTarget; seq: number };
  group_changed: { group_id: string };
  kicked_offline: Record<string, never>;
}

/** One of them as a value. */
export type WireEvent = {
  [E in keyof WireEvents]: { event: E; params: WireEvents[E] };
}[keyof WireEvents];

/** What came in a frame. */
export type Frame =
  | { kind: "reply"; id: number; result: Record<string, unknown> }
  | { kind: "error"; id: number | null; error: WireError }
  | { kind: "event"; event: WireEvent; seq: number | undefined };

/** Reads a frame; `undefined` if it is none. Events of newer servers pass as they are. */
export function parseFrame(text: string): Frame | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(frame)) return undefined;
  const { id, result, error, event, params, seq } = frame;
  if (typeof event === "string" && isRecord(params)) {
    const value = { event, params } as unknown as WireEvent;
    return { kind: "event", event: value, seq: typeof seq === "number" ? seq : undefined };
  }
  if (isRecord(error) && typeof error["code"] === "number") {
    const message = typeof error["message"] === "string" ? error["message"] : "";
    const answered = typeof id === "number" ? id : null;
    return { kind: "error", id: answered, error: { code: error["code"], message } };
  }
  if (typeof id === "number" && isRecord(result)) return { kind: "reply", id, result };
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

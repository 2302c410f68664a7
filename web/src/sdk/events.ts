import type {
  CallId,
  CallState,
  CallingState,
  Conversation,
  DeviceProblem,
  Device,
  GroupId,
  LeaveReason,
  MediaType,
  Message,
  NetworkQuality,
  Outcome,
  RunningCall,
  UserId,
  VideoTrack,
  Volume,
} from "./types.js";

/** Every event and what it tells. */
export interface CallingEvents {
  /** Anything of `calling.state` changed. Enough for whoever draws it. */
  stateChanged: CallingState;

  /** Somebody calls. Followed by exactly one of `began`, `cancelled`, `timedOut`,
   * `handledElsewhere` or `ended`. */
  invited: {
    readonly callId: CallId;
    /** Who calls, or who in the call invited this account. */
    readonly inviter: UserId;
    /** Who is invited, too, this account aside. */
    readonly users: readonly UserId[];
    readonly isFromGroup: boolean;
    readonly groupId?: GroupId;
    readonly mediaType: MediaType;
    readonly userData: string;
    readonly remainingMs: number;
    /** Who talks already. */
    readonly inCall: readonly UserId[];
  };
  /** A device of `user`, whom one invited, rings. */
  ringing: { readonly callId: CallId; readonly user: UserId };
  accepted: { readonly callId: CallId; readonly user: UserId };
  rejected: { readonly callId: CallId; readonly user: UserId };
  lineBusy: { readonly callId: CallId; readonly user: UserId };
  noResponse: { readonly callId: CallId; readonly user: UserId };
  /** The caller withdrew the call that rang here. */
  cancelled: { readonly callId: CallId; readonly user: UserId };
  /** It rang too long; `users` are others who did not answer either. */
  timedOut: { readonly callId: CallId; readonly users: readonly UserId[] };
  /** Another device of this account answered or declined. */
  handledElsewhere: { readonly callId: CallId; readonly accepted: boolean };
  /** The conversation begins here. */
  began: CallState;
  /** The call is over here. */
  ended: {
    readonly callId: CallId;
    readonly outcome: Outcome;
    readonly by?: UserId;
    /** How long this device talked, in milliseconds. */
    readonly durationMs: number;
    /** The call as it stood last. */
    readonly call: CallState;
  };

  /** Somebody's media connection is in the room. */
  userEntered: { readonly callId: CallId; readonly user: UserId };
  userLeft: { readonly callId: CallId; readonly user: UserId; readonly reason: LeaveReason };
  audioAvailable: { readonly callId: CallId; readonly user: UserId; readonly available: boolean };
  videoAvailable: {
    readonly callId: CallId;
    readonly user: UserId;
    readonly track: VideoTrack;
    readonly available: boolean;
  };
  /** The first picture of `user` is on the screen. */
  firstFrame: {
    readonly callId: CallId;
    readonly user: UserId;
    readonly track: VideoTrack;
    readonly width: number;
    readonly height: number;
  };
  volumes: { readonly callId: CallId; readonly volumes: readonly Volume[]; readonly total: number };
  /** Every two seconds of a call. */
  networkQuality: {
    readonly callId: CallId;
    readonly local: NetworkQuality;
    readonly remotes: readonly { readonly user: UserId; readonly quality: NetworkQuality }[];
  };
  /** One's own media connection: up, being repaired, failed. */
  mediaState: { readonly callId: CallId; readonly state: CallState["local"]["state"] };
  mediaTypeChanged: {
    readonly callId: CallId;
    /** Who switched; absent if it happened while this device was away. */
    readonly by?: UserId;
    readonly old: MediaType;
    readonly new: MediaType;
  };
  inviteesChanged: {
    readonly callId: CallId;
    readonly by: UserId;
    /** Everybody invited so far. */
    readonly users: readonly UserId[];
    /** Those invited now. */
    readonly invited: readonly UserId[];
  };
  memberLeft: { readonly callId: CallId; readonly user: UserId; readonly reason: LeaveReason };
  /** `user` entered the call without being rung. */
  joined: { readonly callId: CallId; readonly user: UserId };
  /** The running call of one of the own groups began, changed or is over. */
  groupCallChanged: { readonly groupId: GroupId; readonly call?: RunningCall };

  message: Message;
  messageRecalled: { readonly conversation: Conversation; readonly seq: number; readonly by?: UserId };
  /** Another device of this account read a conversation up to `seq`. */
  read: { readonly conversation: Conversation; readonly seq: number };
  /** One of the own groups began, changed or is over; ask for it anew. */
  groupChanged: { readonly groupId: GroupId };

  connecting: Record<string, never>;
  /** Signed in. `resumed`: the session went on, and nothing was missed. Otherwise ask for
   * conversations anew. */
  connected: { readonly resumed: boolean };
  reconnecting: { readonly attempt: number; readonly reason: string };
  /** The same device id signed in elsewhere, or an operator ended the session. */
  kickedOffline: Record<string, never>;

  /** A device was plugged in or out, or the browser's permission changed. */
  deviceChanged: {
    readonly microphones: readonly Device[];
    readonly cameras: readonly Device[];
    readonly speakers: readonly Device[];
  };
  /** A device cannot be used, or stopped to work. The call goes on without it. */
  deviceProblem: DeviceProblem;
  /** Something failed that no method is waiting for. */
  error: { readonly code: number; readonly message: string };
}

/** The name of an event. */
export type CallingEvent = keyof CallingEvents;
/** What an event's handler is. */
export type Handler<E extends CallingEvent> = (told: CallingEvents[E]) => void;

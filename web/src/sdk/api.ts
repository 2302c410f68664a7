import type { CallingEvent, Handler } from "./events.js";
import type {
  CallId,
  CallingState,
  Conversation,
  ConversationInfo,
  Device,
  Group,
  GroupId,
  GroupMember,
  GroupRole,
  MediaType,
  Message,
  Page,
  Profile,
  RecentCall,
  RunningCall,
  UserId,
  VideoSize,
  VideoTrack,
} from "./types.js";

/** Where the log goes. Nothing personal is logged above `debug`. */
export interface Logger {
  /** What helps to find an error. */
  debug(message: string): void;
  /** What somebody should look at. */
  warn(message: string): void;
}

/** What `new Calling` takes. */
export interface CallingOptions {
  /** The server, as `https://calls.example.com`; the page's own origin if absent. */
  readonly url?: string;
  /** The application the UserSigs are for; asked of the server if absent. */
  readonly sdkAppId?: number;
  /** STUN and TURN servers in place of those the server names. */
  readonly iceServers?: readonly RTCIceServer[];
  /** Media through a TURN server alone: hides this device's addresses from the server. */
  readonly relayOnly?: boolean;
  readonly logger?: Logger;
}

/** Who signs in. */
export interface LoginParams {
  readonly userId: UserId;
  /** Proof of the account, made by your server (or `calling usersig`). */
  readonly userSig: string;
  /** This installation; one is made and kept for the tab if absent. */
  readonly deviceId?: string;
}

/** Whom to call. */
export interface CallOptions {
  /** How long to ring, in seconds; the server's default if absent. */
  readonly timeoutS?: number;
  /** Free text for the callees' applications. */
  readonly userData?: string;
}

/** A call of several. */
export interface GroupCallParams extends CallOptions {
  readonly users: readonly UserId[];
  /** The chat group it belongs to. */
  readonly groupId?: GroupId;
  readonly mediaType: MediaType;
}

/** What of somebody's pictures to show, and how large. */
export interface ViewOptions {
  /** The camera if absent. */
  readonly track?: VideoTrack;
  /** `large` if absent. */
  readonly size?: VideoSize;
}

/** Conversations, groups and profiles. */
export interface ChatApi {
  /** The latest first. */
  conversations(page?: { limit?: number; after?: string }): Promise<Page<ConversationInfo>>;
  /** Newest first; `before` a number of the conversation. An empty list ends it. */
  history(
    conversation: Conversation,
    page?: { limit?: number; before?: number },
  ): Promise<readonly Message[]>;
  /** Sent until it is answered; stored once. */
  sendText(conversation: Conversation, text: string): Promise<Message>;
  /** The same for what an application makes of it; `custom` is any text. */
  sendCustom(conversation: Conversation, custom: string): Promise<Message>;
  /** A mark only moves forward. */
  markRead(conversation: Conversation, seq: number): Promise<void>;
  /** Takes back one's own text message, within two minutes unless the server says otherwise. */
  recallMessage(conversation: Conversation, seq: number): Promise<void>;
  /** At most 100 at once. */
  profiles(users: readonly UserId[]): Promise<readonly Profile[]>;
  /** Changes the own profile; what is absent stays. An avatar is an address, or a `data:`
   * picture of at most 500 bytes. */
  setSelfInfo(info: { nickname?: string; avatar?: string }): Promise<void>;
  /** What this account calls `user`; empty takes it back. */
  setFriendRemark(user: UserId, remark: string): Promise<void>;
  /** Makes a group of oneself and `members`; its id is the server's if absent. */
  createGroup(group: {
    groupId?: GroupId;
    name?: string;
    members?: readonly UserId[];
  }): Promise<Group>;
  /** The groups this account is in, by their ids; `after` is the last one of the page before. */
  myGroups(page?: { limit?: number; after?: GroupId }): Promise<readonly Group[]>;
  /** Who is in a group; members alone see it. */
  groupMembers(
    groupId: GroupId,
    page?: { limit?: number; after?: UserId },
  ): Promise<readonly GroupMember[]>;
  /** Any member may. */
  addMembers(groupId: GroupId, users: readonly UserId[]): Promise<void>;
  /** Admins and the owner may. */
  removeMember(groupId: GroupId, user: UserId): Promise<void>;
  /** An owner who leaves makes another one; the last one out ends the group. */
  leaveGroup(groupId: GroupId): Promise<void>;
  /** The owner appoints and hands over (`role`); everybody writes the own `nameCard`. */
  setMember(
    groupId: GroupId,
    user: UserId,
    change: { role?: GroupRole; nameCard?: string },
  ): Promise<void>;
  /** Admins and the owner may. */
  renameGroup(groupId: GroupId, name: string): Promise<void>;
  /** The owner may. */
  dissolveGroup(groupId: GroupId): Promise<void>;
  /** The own call log, latest first. A page may be empty while there is a `next`. */
  recentCalls(filter?: {
    /** Placed at or after, in milliseconds of Unix time. */
    begin?: number;
    /** Placed before. */
    end?: number;
    result?: RecentCall["result"];
    limit?: number;
    before?: CallId;
  }): Promise<Page<RecentCall>>;
  /** Those of them that stood in the log and are gone from it. */
  deleteRecentCalls(callIds: readonly CallId[]): Promise<readonly CallId[]>;
}

/**
 * Everything one can do. `Calling` is this against a server; a test may bring its own.
 *
 * Every method that asks the server rejects with a `CallingError` whose `code` is that of
 * docs/protocol.md.
 */
export interface CallingApi {
  /** Everything at a glance; the same object until something changes. */
  readonly state: CallingState;
  readonly chat: ChatApi;

  /** Calls `handler` for each `event`; what it returns takes it off again. */
  on<E extends CallingEvent>(event: E, handler: Handler<E>): () => void;
  /** Takes a handler off. */
  off<E extends CallingEvent>(event: E, handler: Handler<E>): void;

  /** Connects and signs in; from then on it reconnects by itself until `logout`. */
  login(params: LoginParams): Promise<void>;
  /** Hangs up, signs out and closes everything. */
  logout(): Promise<void>;

  /** Calls one account. */
  call(user: UserId, mediaType: MediaType, options?: CallOptions): Promise<CallId>;
  /** Calls several accounts, of one group or of none. */
  groupCall(params: GroupCallParams): Promise<CallId>;
  /** Answers what rings. Without a microphone one listens (`state.call.local.listenOnly`). */
  accept(): Promise<void>;
  /** Declines what rings. */
  reject(options?: { busy?: boolean }): Promise<void>;
  /** Leaves, withdraws or declines, whatever the call is at. */
  hangup(): Promise<void>;
  /** Rings more people into the present call. */
  inviteUser(users: readonly UserId[], options?: { timeoutS?: number }): Promise<void>;
  /** Enters a running call: of a group, or one that was left or declined before. */
  join(which: { callId: CallId } | { groupId: GroupId }): Promise<void>;
  /** The running call of a group. */
  groupCallOf(groupId: GroupId): Promise<RunningCall | undefined>;
  /** Makes it a voice or a video call for everybody; voice closes the own camera. */
  switchCallMediaType(mediaType: MediaType): Promise<void>;

  /** Sends the camera; rejects with a `DeviceError` in plain words if there is none. */
  openCamera(deviceId?: string): Promise<void>;
  /** Gives the camera back; others see at once that it is gone. */
  closeCamera(): Promise<void>;
  /** Front to back on phones, the next one elsewhere. */
  switchCamera(): Promise<void>;
  /** Sends the microphone after one listened, or another one; rejects with a `DeviceError`. */
  openMicrophone(deviceId?: string): Promise<void>;
  /** Gives the device back; others hear silence. */
  closeMicrophone(): Promise<void>;
  /** Others hear nothing while it is muted, and see it; the device stays open. */
  setMicMute(muted: boolean): Promise<void>;
  /** Sends the screen, a window or a tab of the person's choice. Must come from a click. */
  startScreenShare(): Promise<void>;
  /** Ends it, as the browser's own button does. */
  stopScreenShare(): Promise<void>;

  /** Browsers name devices once one of their kind was allowed. */
  getCameras(): Promise<readonly Device[]>;
  /** See `getCameras`. */
  getMicrophones(): Promise<readonly Device[]>;
  /** See `getCameras`; empty where browsers do not offer the choice. */
  getSpeakers(): Promise<readonly Device[]>;
  /** Takes effect at once if the camera is open, else with the next opening. */
  selectCamera(deviceId: string): Promise<void>;
  /** Takes effect at once in a call, else with the next one. */
  selectMicrophone(deviceId: string): Promise<void>;
  /** Rejects with a `DeviceError` where browsers do not offer the choice. */
  selectSpeaker(deviceId: string): Promise<void>;
  /** How loud others are played, 0..1. */
  setSpeakerVolume(volume: number): void;
  /** To be called from a click once `local.playbackBlocked` is set. */
  resumePlayback(): Promise<void>;

  /** Shows a picture of `user` in `element` as soon as there is one; one view per element. */
  startRemoteView(user: UserId, element: HTMLVideoElement, options?: ViewOptions): Promise<void>;
  /** Another size for a view, as when a tile becomes the stage. */
  updateRemoteView(user: UserId, options: ViewOptions): Promise<void>;
  /** Stops showing `track` of `user` (in `element`, or everywhere); nothing is received for it
   * once no view is left. */
  stopRemoteView(user: UserId, options?: ViewOptions & { element?: HTMLVideoElement }): Promise<void>;
  /** Shows the own camera, mirrored by the caller's CSS if wanted; opens it if need be, also
   * before a call. */
  startLocalView(element: HTMLVideoElement, options?: { track?: VideoTrack }): Promise<void>;
  /** Takes the own camera out of `element`; it stays open. */
  stopLocalView(element: HTMLVideoElement): Promise<void>;
}

/**
 * A `CallingApi` without a server: it does what it is told, remembers what was asked of it, and
 * paints the pictures of those who are not there. For tests and the gallery; nothing ships it.
 */
import type {
  CallingApi,
  CallingEvent,
  CallingEvents,
  CallingState,
  CallMember,
  CallState,
  ChatApi,
  Device,
  Handler,
  LocalMedia,
  RunningCall,
  UserId,
} from "../../sdk/index.js";
import { paint } from "./painter.js";

/** A method that was called, and with what. */
export type Asked = readonly [method: string, ...args: unknown[]];

/** What a fake has when it begins. */
export interface FakeOptions {
  readonly state?: CallingState;
  readonly chat?: Partial<ChatApi>;
  readonly running?: Readonly<Record<string, RunningCall>>;
  readonly cameras?: readonly Device[];
}

type AnyHandler = (told: never) => void;

export class FakeCalling implements CallingApi {
  state: CallingState;
  readonly chat: ChatApi;
  readonly asked: Asked[] = [];
  /** What the next call of a method rejects with. */
  readonly failures = new Map<string, Error>();
  readonly #handlers = new Map<CallingEvent, Set<AnyHandler>>();
  readonly #running: Readonly<Record<string, RunningCall>>;
  readonly #cameras: readonly Device[];
  readonly #painted = new Map<HTMLVideoElement, () => void>();

  constructor({ state, chat, running = {}, cameras = CAMERAS }: FakeOptions = {}) {
    this.state = state ?? { connection: "connected", user: "me" };
    this.chat = { ...emptyChat(this), ...chat };
    this.#running = running;
    this.#cameras = cameras;
  }

  /** The state is now this one. */
  put(state: CallingState): void {
    this.state = state;
    this.emit("stateChanged", state);
  }

  /** Something happens. */
  emit<E extends CallingEvent>(event: E, told: CallingEvents[E]): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) handler(told as never);
  }

  on<E extends CallingEvent>(event: E, handler: Handler<E>): () => void {
    const there = this.#handlers.get(event) ?? new Set<AnyHandler>();
    this.#handlers.set(event, there.add(handler));
    return () => this.off(event, handler);
  }

  off<E extends CallingEvent>(event: E, handler: Handler<E>): void {
    this.#handlers.get(event)?.delete(handler);
  }

  /** How many handlers there are. */
  get handlers(): number {
    return [...this.#handlers.values()].reduce((sum, it) => sum + it.size, 0);
  }

  note(method: string, ...args: unknown[]): Promise<void> {
    this.asked.push([method, ...args]);
    const failure = this.failures.get(method);
    this.failures.delete(method);
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  }

  login = (...args: unknown[]): Promise<void> => this.note("login", ...args);
  logout = (): Promise<void> => this.note("logout");
  call = (...args: unknown[]): Promise<string> => this.note("call", ...args).then(() => "call");
  groupCall = (...args: unknown[]): Promise<string> =>
    this.note("groupCall", ...args).then(() => "call");
  accept = (): Promise<void> => this.note("accept");
  reject = (): Promise<void> => this.note("reject");
  hangup = (): Promise<void> => this.note("hangup");
  inviteUser = (...args: unknown[]): Promise<void> => this.note("inviteUser", ...args);
  join = (...args: unknown[]): Promise<void> => this.note("join", ...args);
  switchCallMediaType = (...args: unknown[]): Promise<void> =>
    this.note("switchCallMediaType", ...args);
  openCamera = (): Promise<void> => this.note("openCamera");
  closeCamera = (): Promise<void> => this.note("closeCamera");
  switchCamera = (): Promise<void> => this.note("switchCamera");
  openMicrophone = (): Promise<void> => this.note("openMicrophone");
  closeMicrophone = (): Promise<void> => this.note("closeMicrophone");
  setMicMute = (...args: unknown[]): Promise<void> => this.note("setMicMute", ...args);
  startScreenShare = (): Promise<void> => this.note("startScreenShare");
  stopScreenShare = (): Promise<void> => this.note("stopScreenShare");
  selectCamera = (...args: unknown[]): Promise<void> => this.note("selectCamera", ...args);
  selectMicrophone = (...args: unknown[]): Promise<void> => this.note("selectMicrophone", ...args);
  selectSpeaker = (...args: unknown[]): Promise<void> => this.note("selectSpeaker", ...args);
  setSpeakerVolume = (volume: number): void => void this.note("setSpeakerVolume", volume);
  resumePlayback = (): Promise<void> => this.note("resumePlayback");
  getCameras = (): Promise<readonly Device[]> => Promise.resolve(this.#cameras);
  getMicrophones = (): Promise<readonly Device[]> => Promise.resolve(MICROPHONES);
  getSpeakers = (): Promise<readonly Device[]> => Promise.resolve(SPEAKERS);
  groupCallOf = (group: string): Promise<RunningCall | undefined> =>
    Promise.resolve(this.#running[group]);

  startRemoteView(
    user: UserId,
    element: HTMLVideoElement,
    options: { track?: "camera" | "screen"; size?: "small" | "large" } = {},
  ): Promise<void> {
    this.#painted.set(element, paint(element, user, options.track ?? "camera"));
    return this.note("startRemoteView", user, options);
  }

  updateRemoteView = (...args: unknown[]): Promise<void> => this.note("updateRemoteView", ...args);

  stopRemoteView(user: UserId, options: { element?: HTMLVideoElement } = {}): Promise<void> {
    this.#wipe(options.element);
    return this.note("stopRemoteView", user);
  }

  startLocalView(element: HTMLVideoElement): Promise<void> {
    this.#painted.set(element, paint(element, this.state.user ?? "me", "camera"));
    return this.note("startLocalView");
  }

  stopLocalView(element: HTMLVideoElement): Promise<void> {
    this.#wipe(element);
    return this.note("stopLocalView");
  }

  #wipe(element: HTMLVideoElement | undefined): void {
    if (element === undefined) return;
    this.#painted.get(element)?.();
    this.#painted.delete(element);
  }
}

const CAMERAS: readonly Device[] = [
  { id: "cam-1", label: "FaceTime HD Camera" },
  { id: "cam-2", label: "USB Camera" },
];
const MICROPHONES: readonly Device[] = [
  { id: "mic-1", label: "Built-in Microphone" },
  { id: "mic-2", label: "Headset" },
];
const SPEAKERS: readonly Device[] = [
  { id: "spk-1", label: "Built-in Speakers" },
  { id: "spk-2", label: "Headset" },
];

/** A member of a call. */
export function member(user: UserId, more: Partial<CallMember> = {}): CallMember {
  return {
    user,
    state: "connected",
    ringing: false,
    entered: true,
    audio: true,
    camera: false,
    screen: false,
    volume: 0,
    quality: 1,
    ...more,
  };
}

/** One's own media. */
export function localMedia(more: Partial<LocalMedia> = {}): LocalMedia {
  return {
    state: "connected",
    microphone: true,
    micMuted: false,
    camera: false,
    screen: false,
    playbackBlocked: false,
    ...more,
  };
}

/** A call of `me` with bob. */
export function callState(more: Partial<CallState> = {}): CallState {
  return {
    callId: "6f0c",
    phase: "connected",
    role: "caller",
    mediaType: "audio",
    caller: "me",
    inviter: "me",
    isGroup: false,
    userData: "",
    members: [member("me"), member("bob")],
    local: localMedia(),
    ...more,
  };
}

function emptyChat(fake: FakeCalling): ChatApi {
  const done =
    (method: string) =>
    (...args: unknown[]) =>
      fake.note(method, ...args);
  const none = (): Promise<readonly []> => Promise.resolve([]);
  let seq = 1000;
  return {
    conversations: () => Promise.resolve({ items: [] }),
    history: none,
    sendText: async (conversation, text) => {
      await fake.note("sendText", conversation, text);
      seq += 1;
      const from = fake.state.user ?? "";
      return { conversation, seq, from, sentAt: Date.now(), text, custom: "", recalled: false };
    },
    sendCustom: () => Promise.reject(new Error("not here")),
    markRead: done("markRead"),
    recallMessage: done("recallMessage"),
    profiles: none,
    setSelfInfo: done("setSelfInfo"),
    setFriendRemark: done("setFriendRemark"),
    createGroup: async (group) => {
      await fake.note("createGroup", group);
      const owner = fake.state.user ?? "";
      return { groupId: "new-group", name: group.name ?? "", owner, createdAt: Date.now() };
    },
    myGroups: none,
    groupMembers: none,
    addMembers: done("addMembers"),
    removeMember: done("removeMember"),
    leaveGroup: done("leaveGroup"),
    setMember: done("setMember"),
    renameGroup: done("renameGroup"),
    dissolveGroup: done("dissolveGroup"),
    recentCalls: () => Promise.resolve({ items: [] }),
    deleteRecentCalls: none,
  };
}

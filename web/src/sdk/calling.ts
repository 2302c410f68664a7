import type {
  CallOptions,
  CallingApi,
  CallingOptions,
  ChatApi,
  GroupCallParams,
  LoginParams,
  Logger,
  ViewOptions,
} from "./api.js";
import { Chat } from "./chat.js";
import { runningCall, toldOfChat } from "./convert.js";
import { deviceId } from "./device-id.js";
import { Emitter, type Told } from "./emitter.js";
import { CallingError, ErrorCode, goneIsFine, isCallGone } from "./errors.js";
import type { CallingEvent, Handler } from "./events.js";
import { CallKeeper, tabStorage } from "./kept-call.js";
import { watchPage } from "./lifecycle.js";
import { Link, type SocketLike } from "./link.js";
import { CallMedia } from "./media/call-media.js";
import { newModel, reduce, type Input, type Model } from "./model.js";
import type { AskOptions } from "./requests.js";
import { applicationOf, socketUrl } from "./server-address.js";
import type {
  CallId,
  CallState,
  CallingState,
  ConnectionState,
  Device,
  GroupId,
  MediaType,
  RunningCall,
  UserId,
  VideoTrack,
} from "./types.js";
import type { SignedIn, WireCall, WireEvent, WireRunningCall } from "./wire.js";

/** Asked again after a lost connection: twice does no harm. */
const RETRY: AskOptions = { retry: true };
const TICK_MS = 1_000;
/** Beyond the time after which the mirror ends a call by itself, in milliseconds. */
const LONG_MS = 60_000;

/**
 * One account on one device: calls, media and chat against a server.
 *
 * ```ts
 * const calling = new Calling({ url: "https://calls.example.com" });
 * calling.on("invited", ({ inviter }) => ring(inviter));
 * await calling.login({ userId: "alice", userSig });
 * await calling.call("bob", "audio");
 * ```
 */
export class Calling implements CallingApi {
  readonly chat: ChatApi;
  readonly #base: URL;
  readonly #log: Logger;
  readonly #emitter: Emitter;
  readonly #link: Link;
  readonly #media: CallMedia;
  readonly #keeper = new CallKeeper(tabStorage());
  #sdkAppId: number | undefined;
  #model: Model = newModel("");
  #connection: ConnectionState = "signedOut";
  #state: CallingState = { connection: "signedOut" };
  #clockAhead = 0;
  #withdrawn = false;
  #unwatch: (() => void) | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  /** Views changed within this turn. */
  #viewing: ReturnType<typeof setTimeout> | undefined;

  constructor(options: CallingOptions = {}) {
    const { url = globalThis.location.origin, sdkAppId, logger } = options;
    this.#base = new URL(url);
    this.#sdkAppId = sdkAppId;
    this.#log = logger ?? { debug: () => undefined, warn: () => undefined };
    this.#emitter = new Emitter((error) => this.#log.warn(`a handler threw: ${String(error)}`));
    this.chat = new Chat({
      ask: (method, params, how) => this.#link.ask(method, params, how),
      me: () => this.#model.me,
    });
    this.#link = new Link(
      socketUrl(this.#base),
      {
        up: (resumed, terms) => this.#up(resumed, terms),
        down: (attempt, reason) => this.#down(attempt, reason),
        over: (why) => this.#over(why),
        event: (event) => this.#event(event),
        debug: (text) => this.#log.debug(text),
      },
      (to) => new WebSocket(to) as SocketLike,
    );
    this.#media = new CallMedia({
      ask: (method, params, how) => this.#link.ask(method, params, how),
      local: (patch) => this.#apply({ kind: "local", patch }),
      quality: (local, remotes) => this.#apply({ kind: "quality", local, remotes }),
      tell: (told) => this.#emitter.emit(told),
      me: () => this.#model.me,
      doubt: () => this.#link.poke(),
      debug: (text) => this.#log.debug(text),
    }, options);
  }

  get state(): CallingState {
    return this.#state;
  }

  on<E extends CallingEvent>(event: E, handler: Handler<E>): () => void {
    return this.#emitter.on(event, handler);
  }

  off<E extends CallingEvent>(event: E, handler: Handler<E>): void {
    this.#emitter.off(event, handler);
  }

  async login(params: LoginParams): Promise<void> {
    if (this.#connection !== "signedOut") {
      throw new CallingError(ErrorCode.repeated, "signed in already; call logout() first");
    }
    this.#model = newModel(params.userId);
    this.#setConnection("connecting");
    this.#emitter.emit({ event: "connecting", told: {} });
    try {
      await this.#link.open({
        sdkAppId: (this.#sdkAppId ??= await applicationOf(this.#base)),
        userId: params.userId,
        userSig: params.userSig,
        deviceId: params.deviceId ?? (await deviceId()),
      });
    } catch (error) {
      this.#setConnection("signedOut");
      throw error;
    }
    this.#unwatch = this.#watch();
  }

  async logout(): Promise<void> {
    if (this.#connection === "signedOut") return;
    if (this.#model.call !== undefined) await this.hangup().catch(() => undefined);
    if (this.#link.isUp) await this.#link.ask("sign_out", {}).catch(() => undefined);
    this.#link.close();
    this.#signedOut();
  }

  call(user: UserId, mediaType: MediaType, options: CallOptions = {}): Promise<CallId> {
    return this.groupCall({ users: [user], mediaType, ...options });
  }

  async groupCall(params: GroupCallParams): Promise<CallId> {
    const { users, groupId, mediaType, timeoutS, userData } = params;
    const reply = await this.#place("call", {
      callees: users,
      media_type: mediaType,
      group_id: groupId,
      timeout_s: timeoutS,
      user_data: userData,
      sent_at: Date.now() + this.#clockAhead,
    });
    return reply.facts.call_id;
  }

  async join(which: { callId: CallId } | { groupId: GroupId }): Promise<void> {
    const callId =
      "callId" in which ? which.callId : (await this.groupCallOf(which.groupId))?.callId;
    if (callId === undefined) {
      throw new CallingError(ErrorCode.inviteNotFound, "nobody talks in this group just now");
    }
    await this.#place("join", { call_id: callId });
  }

  async groupCallOf(groupId: GroupId): Promise<RunningCall | undefined> {
    const params = { group_id: groupId };
    const { call } = await this.#link.ask<{ call?: WireRunningCall }>("group_call", params, RETRY);
    return call === undefined ? undefined : runningCall(call);
  }

  async accept(): Promise<void> {
    const { call } = this.#model;
    if (call?.phase !== "incoming") {
      throw new CallingError(ErrorCode.wrongState, "no call rings here; wait for `invited`");
    }
    const { callId } = call;
    // First of all the word itself; what is drawn for it comes after.
    const asked = this.#link.ask<WireCall>("accept", { call_id: callId }, RETRY);
    this.#apply({ kind: "answering" });
    this.#media.openMicrophone();
    try {
      this.#apply({ kind: "answered", reply: await asked, at: Date.now() });
    } catch (error) {
      await this.#resync();
      const now = this.#model.call;
      // It was taken, and the answer lost with the connection.
      if (now?.callId === callId && now.phase === "connected") return;
      if (now?.callId === callId) this.#apply({ kind: "answered", at: Date.now() });
      this.#media.release(this.#model.call);
      throw error;
    }
  }

  async reject(options: { busy?: boolean } = {}): Promise<void> {
    const { call } = this.#model;
    if (call?.phase !== "incoming") {
      throw new CallingError(ErrorCode.wrongState, "no call rings here; wait for `invited`");
    }
    const { busy = false } = options;
    this.#apply({ kind: "leave", at: Date.now(), outcome: busy ? "busy" : "rejected" });
    await goneIsFine(this.#link.ask("reject", { call_id: call.callId, busy }, RETRY));
  }

  async hangup(): Promise<void> {
    const { call, placing } = this.#model;
    if (call?.phase === "incoming") return this.reject();
    if (call === undefined) {
      if (!placing) throw new CallingError(ErrorCode.wrongState, "there is no call to hang up");
      this.#withdrawn = true;
      return;
    }
    this.#apply({ kind: "leave", at: Date.now() });
    await goneIsFine(this.#link.ask("hangup", { call_id: call.callId }, RETRY));
  }

  async inviteUser(users: readonly UserId[], options: { timeoutS?: number } = {}): Promise<void> {
    const { callId } = this.#present();
    const params = { call_id: callId, users, timeout_s: options.timeoutS };
    const reply = await this.#link.ask<WireCall>("invite_users", params);
    this.#apply({ kind: "synced", at: Date.now(), reply });
  }

  async switchCallMediaType(mediaType: MediaType): Promise<void> {
    const { callId } = this.#present();
    await this.#link.ask("switch_media_type", { call_id: callId, media_type: mediaType }, RETRY);
    this.#apply({ kind: "switched", mediaType });
  }

  openCamera(id?: string): Promise<void> {
    return this.#media.openCamera(id);
  }

  closeCamera(): Promise<void> {
    this.#media.capture.close("camera");
    return Promise.resolve();
  }

  switchCamera(): Promise<void> {
    return this.#media.switchCamera();
  }

  async openMicrophone(id?: string): Promise<void> {
    if (id !== undefined) return this.selectMicrophone(id);
    await this.#media.capture.open("audio");
  }

  closeMicrophone(): Promise<void> {
    this.#media.capture.close("audio");
    return Promise.resolve();
  }

  async setMicMute(muted: boolean): Promise<void> {
    this.#media.capture.setMuted(muted);
    this.#apply({ kind: "local", patch: { micMuted: muted } });
    await this.#tellMute();
  }

  async startScreenShare(): Promise<void> {
    this.#present();
    await this.#media.capture.open("screen");
  }

  stopScreenShare(): Promise<void> {
    this.#media.capture.close("screen");
    return Promise.resolve();
  }

  async getCameras(): Promise<readonly Device[]> {
    return (await this.#media.devices.lists()).cameras;
  }

  async getMicrophones(): Promise<readonly Device[]> {
    return (await this.#media.devices.lists()).microphones;
  }

  async getSpeakers(): Promise<readonly Device[]> {
    return (await this.#media.devices.lists()).speakers;
  }

  selectCamera(id: string): Promise<void> {
    return this.#media.select("camera", id);
  }

  selectMicrophone(id: string): Promise<void> {
    return this.#media.select("audio", id);
  }

  selectSpeaker(id: string): Promise<void> {
    return this.#media.speaker.select(id);
  }

  setSpeakerVolume(volume: number): void {
    this.#media.speaker.setVolume(volume);
  }

  resumePlayback(): Promise<void> {
    return this.#media.speaker.resume();
  }

  startRemoteView(user: UserId, element: HTMLVideoElement, options: ViewOptions = {}): Promise<void> {
    const { track = "camera", size = "large" } = options;
    this.#media.views.start(element, { user, track, size });
    this.#viewed();
    return Promise.resolve();
  }

  updateRemoteView(user: UserId, options: ViewOptions): Promise<void> {
    const { track = "camera", size = "large" } = options;
    this.#media.views.resize(user, track, size);
    this.#viewed();
    return Promise.resolve();
  }

  stopRemoteView(
    user: UserId,
    options: ViewOptions & { element?: HTMLVideoElement } = {},
  ): Promise<void> {
    this.#media.views.stop(user, options.track ?? "camera", options.element);
    this.#viewed();
    return Promise.resolve();
  }

  async startLocalView(
    element: HTMLVideoElement,
    options: { track?: VideoTrack } = {},
  ): Promise<void> {
    const { track = "camera" } = options;
    this.#media.views.startLocal(element, track);
    if (track === "camera") await this.#media.openCamera();
  }

  stopLocalView(element: HTMLVideoElement): Promise<void> {
    this.#media.views.stopLocal(element);
    return Promise.resolve();
  }

  /** A picture that is taken from one place to another is not given up in between. */
  #viewed(): void {
    if (this.#viewing !== undefined) return;
    this.#viewing = setTimeout(() => {
      this.#viewing = undefined;
      this.#media.follow(this.#model.call);
    });
  }

  /** Asks to call or to join, and takes what comes of it. */
  async #place(method: "call" | "join", params: object): Promise<WireCall> {
    if (this.#model.call !== undefined || this.#model.placing) {
      const sentence = "this device is in a call or rings; hang up, or answer, first";
      throw new CallingError(ErrorCode.wrongState, sentence);
    }
    this.#withdrawn = false;
    this.#apply({ kind: "placing" });
    // The person is asked for the microphone while it rings.
    this.#media.openMicrophone();
    try {
      const reply = await this.#link.ask<WireCall>(method, params);
      this.#apply({ kind: "placed", at: Date.now(), reply });
      this.#media.noteMicrophone();
      if (this.#isWithdrawn()) await this.hangup();
      return reply;
    } catch (error) {
      this.#apply({ kind: "placed", at: Date.now() });
      this.#media.release(this.#model.call);
      throw error;
    }
  }

  /** The person hung up before the server had answered. */
  #isWithdrawn(): boolean {
    return this.#withdrawn;
  }

  #present(): CallState {
    const { call } = this.#model;
    if (call === undefined) throw new CallingError(ErrorCode.wrongState, "there is no call");
    return call;
  }

  async #tellMute(): Promise<void> {
    const { call } = this.#model;
    if (call?.phase !== "connected") return;
    const params = { call_id: call.callId, muted: call.local.micMuted };
    await goneIsFine(this.#link.ask("set_mic_mute", params, RETRY));
  }

  /** Takes an input: the mirror changes, media follows, and whoever listens is told. */
  #apply(input: Input): void {
    const before = this.#model;
    const { model, told } = reduce(before, input);
    this.#model = model;
    if (model.call?.callId !== before.call?.callId) this.#otherCall(model);
    this.#media.told(input, before);
    this.#media.follow(model.call);
    // The first word of a new page is the server's: until then it knows of no call.
    if (model.call !== before.call) this.#keeper.keep(model.me, model.call);
    if (before.call?.phase !== "connected" && model.call?.phase === "connected") {
      if (model.call.local.micMuted) void this.#tellMute().catch(() => undefined);
    }
    this.#tick();
    const changed = this.#refresh();
    for (const it of told) this.#tell(it);
    if (changed) this.#emitter.emit({ event: "stateChanged", told: this.#state });
  }

  #otherCall({ call }: Model): void {
    this.#link.setInCall(call !== undefined);
    this.#media.change(call);
  }

  #tell(it: Told): void {
    // A voice call has no pictures, whoever made it one.
    if (it.event === "mediaTypeChanged" && it.told.new === "audio") {
      this.#media.capture.close("camera");
    }
    if (it.event === "ended") this.#media.ended(it.told.callId);
    this.#emitter.emit(it);
  }

  /** The present state as one object; whether it is another one. */
  #refresh(): boolean {
    const { call, me } = this.#model;
    const before = this.#state;
    const user = this.#connection === "signedOut" ? undefined : me;
    const same =
      before.connection === this.#connection && before.user === user && before.call === call;
    if (same) return false;
    this.#state = {
      connection: this.#connection,
      ...(user !== undefined && { user }),
      ...(call !== undefined && { call }),
    };
    return true;
  }

  #setConnection(connection: ConnectionState): void {
    this.#connection = connection;
    if (this.#refresh()) this.#emitter.emit({ event: "stateChanged", told: this.#state });
  }

  /** While there is a call, or the end of one to be told, time counts. */
  #tick(): void {
    const { call, leaving } = this.#model;
    const needed = call !== undefined || leaving !== undefined;
    if (!needed) {
      clearInterval(this.#ticker);
      this.#ticker = undefined;
    } else {
      this.#ticker ??= setInterval(() => {
        this.#apply({ kind: "tick", at: Date.now() });
        this.#media.tick();
      }, TICK_MS);
    }
  }

  #event(event: WireEvent): void {
    const { me, call } = this.#model;
    const ofChat = toldOfChat(event, me);
    if (ofChat !== undefined) {
      this.#emitter.emit(ofChat);
    } else if (event.event === "resumed" && event.params.facts.call_id !== call?.callId) {
      this.#unknown(event.params);
    } else {
      if (event.event === "media_failed" && event.params.call_id === call?.callId) {
        this.#media.failed(event.params.error.message);
      }
      this.#apply({ kind: "event", at: Date.now(), event });
    }
  }

  /** A call of this device that this page knows nothing of: after a reload it goes on. */
  #unknown(reply: WireCall): void {
    const { call_id: callId } = reply.facts;
    const kept = this.#keeper.of(this.#model.me);
    if (kept?.callId !== callId || this.#model.call !== undefined || this.#model.placing) {
      this.#link.ask("hangup", { call_id: callId }, RETRY).catch(() => undefined);
      return;
    }
    if (kept.micMuted) this.#media.capture.setMuted(true);
    this.#apply({ kind: "restored", at: Date.now(), reply, kept });
    this.#media.openMicrophone();
    if (!kept.camera || reply.facts.media_type === "audio") return;
    this.#media.openCamera().catch((error: unknown) => this.#log.debug(String(error)));
  }

  #up(resumed: boolean, terms: SignedIn): void {
    if (terms.server_time !== undefined) this.#clockAhead = terms.server_time - Date.now();
    this.#media.iceServers.told(terms);
    this.#setConnection("connected");
    this.#emitter.emit({ event: "connected", told: { resumed } });
    void this.#resync().then(() => {
      this.#media.signallingBack();
      if (!resumed) void this.#tellMute().catch(() => undefined);
    });
  }

  /** Asks how the call stands, of which something may have been missed. */
  async #resync(): Promise<void> {
    const { call } = this.#model;
    if (call === undefined) return;
    const { callId } = call;
    try {
      const reply = await this.#link.ask<WireCall>("get_call", { call_id: callId }, RETRY);
      this.#apply({ kind: "synced", at: Date.now(), reply });
    } catch (error) {
      if (isCallGone(error)) this.#apply({ kind: "gone", at: Date.now(), callId });
    }
  }

  #down(attempt: number, reason: string): void {
    this.#setConnection("reconnecting");
    this.#emitter.emit({ event: "reconnecting", told: { attempt, reason } });
  }

  #over(why: { kicked: true } | { kicked: false; error: CallingError }): void {
    this.#signedOut();
    if (why.kicked) {
      this.#emitter.emit({ event: "kickedOffline", told: {} });
    } else {
      const { code, message: text } = why.error;
      this.#emitter.emit({ event: "error", told: { code, message: text } });
    }
  }

  /** Nothing more comes from the server: what is open is closed. */
  #signedOut(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#media.iceServers.stop();
    this.#apply({ kind: "leave", at: Date.now(), outcome: "interrupted" });
    this.#apply({ kind: "tick", at: Date.now() + LONG_MS });
    this.#media.release(undefined);
    this.#setConnection("signedOut");
  }

  #watch(): () => void {
    const page = watchPage({
      woke: () => this.#link.poke(),
      networkChanged: () => this.#media.networkChanged(),
      // Closed or loaded anew, who knows: the call waits a while for this tab to come back.
      leaving: () => {
        this.#keeper.close();
        this.#link.close();
        this.#media.capture.closeAll();
      },
    });
    const devices = this.#media.watchDevices();
    return () => [page, devices].forEach((end) => end());
  }
}

import type { CallingOptions } from "../api.js";
import type { Told } from "../emitter.js";
import { DeviceError } from "../errors.js";
import { IceServers } from "../ice-servers.js";
import type { Input, Model } from "../model.js";
import type { AskOptions } from "../requests.js";
import type {
  CallId,
  CallState,
  LocalMedia,
  NetworkQuality,
  Track,
  UserId,
  VideoTrack,
} from "../types.js";
import { Capture, Withdrawn } from "./capture.js";
import { Devices } from "./devices.js";
import { eventsOf, Expected } from "./expected.js";
import type { Wanted } from "./places.js";
import { deviceError } from "./problems.js";
import { judge, summary, type HeardQuality, type Snapshot } from "./quality.js";
import { MediaSession, type IceConfig } from "./session.js";
import { Speaker } from "./speaker.js";
import { Views } from "./views.js";

/** What the media of calls needs of the rest. */
export interface MediaOwner {
  ask<T>(method: string, params: object, options?: AskOptions): Promise<T>;
  local(patch: Partial<LocalMedia>): void;
  quality(local: NetworkQuality, remotes: ReadonlyMap<UserId, NetworkQuality>): void;
  tell(told: Told): void;
  /** Who is signed in. */
  me(): UserId;
  /** Nothing comes from the server: is signalling still there? */
  doubt(): void;
  debug(message: string): void;
}

/** How media may reach the server: what the application says of it wins over the server's word. */
export type IceOptions = Pick<CallingOptions, "iceServers" | "relayOnly">;

/** How often the network is judged, in ticks of a second. */
const QUALITY_TICKS = 2;
/** How long after somebody entered what can wait is agreed on, in milliseconds. */
const SETTLED_MS = 1_000;
const RETRY: AskOptions = { retry: true };

/** Media of one call after the other: follows the mirror, and what the person opens and closes. */
export class CallMedia {
  readonly devices = new Devices();
  readonly capture: Capture;
  readonly speaker: Speaker;
  readonly views: Views;
  /** STUN and TURN servers as the server names them. */
  readonly iceServers: IceServers;
  #named: RTCIceServer[] = [];
  readonly #owner: MediaOwner;
  readonly #ice: IceOptions;
  #session: MediaSession | undefined;
  #callId: CallId | undefined;
  #call: CallState | undefined;
  #phase: CallState["phase"] | undefined;
  readonly #expected = new Expected();
  #settling: ReturnType<typeof setTimeout> | undefined;
  #wanted = "";
  #playing = new Map<UserId, MediaStreamTrack>();
  #before: Snapshot | undefined;
  #ticks = 0;
  /** Pictures the server was told are muted. */
  readonly #muted = new Set<VideoTrack>();
  #listenOnly: DeviceError["problem"] | undefined;
  /** Figures of a call whose end the server has not told. */
  #report: { callId: CallId; heard: Promise<HeardQuality | undefined> } | undefined;

  constructor(owner: MediaOwner, ice: IceOptions) {
    this.#owner = owner;
    this.#ice = ice;
    this.iceServers = new IceServers({
      ask: () => owner.ask("get_ice_servers", {}, RETRY),
      named: (servers) => {
        this.#named = servers;
        // For a call under way, too: should its way be lost, it looks for another.
        this.#session?.configure(this.#iceConfig());
      },
      debug: (text) => owner.debug(text),
    });
    this.capture = new Capture(this.devices, {
      changed: (kind, track) => this.#captured(kind, track),
      problem: (problem) => this.#problem(new DeviceError(problem)),
    });
    this.speaker = new Speaker((blocked) => this.#owner.local({ playbackBlocked: blocked }));
    this.views = new Views({
      firstFrame: (user, track, width, height) => {
        if (this.#callId === undefined) return;
        const told = { callId: this.#callId, user, track, width, height };
        this.#owner.tell({ event: "firstFrame", told });
      },
    });
  }

  /** There is another call now, or none. */
  change(call: CallState | undefined): void {
    this.#stop();
    this.#expected.clear();
    clearTimeout(this.#settling);
    this.#callId = call?.callId;
    this.#call = call;
    this.#phase = call?.phase;
    this.speaker.ring(call !== undefined && call.phase !== "connected");
    // The microphone of a call that is being placed stays open for it.
    if (call === undefined) this.release(undefined);
    else this.#start(call);
  }

  /** Gives devices back, unless a call needs them. */
  release(call: CallState | undefined): void {
    if (call !== undefined && call.phase !== "incoming") return;
    this.#listenOnly = undefined;
    this.capture.closeAll();
  }

  /** Notes who entered the room. */
  told(input: Input, before: Model): void {
    const own = eventsOf(input, before).filter(({ params }) => "call_id" in params && params.call_id === this.#callId);
    if (own.filter((it) => this.#expected.told(it)).length === 0) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#settle(), SETTLED_MS);
  }

  /** Receives what the call and the views want. */
  follow(call: CallState | undefined): void {
    if (call === undefined || call.callId !== this.#callId || this.#session === undefined) return;
    const { phase } = call;
    // Who accepts is heard from that moment on; what comes too early the server discards.
    if (phase === "connected" || phase === "accepting") this.#session.openGate();
    else this.#session.closeGate();
    if (phase === "connected" && this.#phase !== phase) this.speaker.ring(false);
    [this.#call, this.#phase] = [call, phase];
    if (call.mediaType === "video") this.#session.prepare("camera");
    const wanted = this.#expected.wanted(call, this.#owner.me(), this.views.wanted());
    // A picture that begins to flow may be one the server could not serve before.
    const others = call.members.filter((it) => it.entered && it.user !== this.#owner.me());
    const flowing = others.map((it) => `${it.user}${String(it.camera)}${String(it.screen)}`);
    const key = JSON.stringify([wanted, flowing]);
    if (key === this.#wanted) return;
    this.#wanted = key;
    this.#session.want(wanted);
  }

  /** The server gave up on the media connection. */
  failed(reason: string): void {
    this.#session?.forgotten(reason);
  }

  signallingBack(): void {
    this.#session?.signallingBack();
  }

  networkChanged(): void {
    this.#session?.networkChanged();
  }

  /** Opens the microphone for a call; without one the person listens, and is told why. */
  openMicrophone(): void {
    this.capture.open("audio").catch((error: unknown) => {
      if (!(error instanceof Withdrawn)) this.#problem(deviceError("microphone", error));
    });
  }

  /** Says of a call that was just placed what was opened for it. */
  noteMicrophone(): void {
    const microphone = this.capture.track("audio") !== undefined;
    const camera = this.capture.track("camera") !== undefined;
    const listenOnly = this.#listenOnly;
    this.#owner.local({ microphone, camera, ...(listenOnly !== undefined && { listenOnly }) });
  }

  async openCamera(id?: string): Promise<void> {
    if (id !== undefined) await this.select("camera", id);
    await this.capture.open("camera");
  }

  async switchCamera(): Promise<void> {
    await this.devices.nextCamera(this.capture.track("camera"));
    if (this.capture.isOpen("camera")) await this.capture.replace("camera");
  }

  /** Chooses a device; takes effect at once where one is open. */
  async select(kind: "audio" | "camera", id: string): Promise<void> {
    if (kind === "audio") this.devices.chooseMicrophone(id);
    else this.devices.chooseCamera(id);
    const listens = kind === "audio" && this.#listenOnly !== undefined;
    if (this.capture.isOpen(kind) || listens) await this.capture.replace(kind);
  }

  /** Once a second of a call. */
  tick(): void {
    this.#ticks += 1;
    const session = this.#session;
    if (this.#ticks % QUALITY_TICKS !== 0 || session === undefined) return;
    if (this.#phase !== "connected") return;
    const before = this.#before;
    session
      .measure()
      .then((now) => {
        if (session !== this.#session) return;
        this.#before = now;
        if (before === undefined) return;
        const { local, remotes } = judge(before, now);
        this.#owner.quality(local, remotes);
      })
      .catch((error: unknown) => this.#owner.debug(`no statistics: ${String(error)}`));
  }

  /** The server said that the call is over: now it takes what was heard. */
  ended(callId: CallId): void {
    const report = this.#report;
    this.#report = undefined;
    if (report?.callId !== callId) return;
    void report.heard
      .then((heard) =>
        heard === undefined
          ? undefined
          : this.#owner.ask("report_quality", { call_id: callId, heard }),
      )
      .catch((error: unknown) => this.#owner.debug(`no report: ${String(error)}`));
  }

  /** Tells when devices come and go; what it returns ends that. */
  watchDevices(): () => void {
    return this.devices.watch(() => {
      void this.devices.lists().then((lists) => {
        this.#owner.tell({ event: "deviceChanged", told: lists });
        const reason = this.#listenOnly?.reason;
        const lacks = reason === "missing" || reason === "unplugged";
        if (lacks && lists.microphones.length > 0 && this.#callId !== undefined) {
          this.openMicrophone();
        }
      });
    });
  }

  #start({ callId, mediaType }: CallState): void {
    const ask = <T>(method: string, params: object, options?: AskOptions): Promise<T> =>
      this.#owner.ask<T>(method, { call_id: callId, ...params }, options);
    this.#session = new MediaSession(
      {
        offer: async (sdp, subscribe, publish) =>
          (await ask<{ sdp: string }>("connect_media", { sdp, subscribe, publish })).sdp,
        ready: async () => {
          await ask("media_ready", {});
        },
        resize: async (views) => {
          await ask("subscribe_video", { views }, RETRY);
        },
        told: (state) => {
          if (callId === this.#callId) this.#owner.local({ state });
          if (state === "reconnecting") this.#owner.doubt();
        },
        received: (tracks) => this.#received(tracks),
        debug: (text) => this.#owner.debug(text),
      },
      this.#iceConfig(),
    );
    // Now, while it rings, so that a picture needs no offer of its own later.
    if (mediaType === "video") this.#session.prepare("camera");
    for (const kind of ["audio", "camera", "screen"] as const) {
      const track = this.capture.track(kind);
      if (track !== undefined) void this.#session.send(kind, track);
    }
    this.noteMicrophone();
  }

  #iceConfig(): IceConfig {
    const { iceServers = this.#named, relayOnly } = this.#ice;
    return { iceServers: [...iceServers], iceTransportPolicy: relayOnly ? "relay" : "all" };
  }

  #stop(): void {
    const session = this.#session;
    const callId = this.#callId;
    this.#session = undefined;
    this.#wanted = "";
    this.#before = undefined;
    this.#muted.clear();
    if (session === undefined || callId === undefined) return;
    const heard = session.close().then((last) => (last === undefined ? undefined : summary(last)));
    if (this.#phase === "connected") this.#report = { callId, heard };
  }

  #captured(kind: Track, track: MediaStreamTrack | undefined): void {
    if (kind !== "audio") this.views.own(kind, track);
    void this.#session?.send(kind, track);
    if (kind === "audio") {
      if (track !== undefined) this.#listenOnly = undefined;
      this.#owner.local({ microphone: track !== undefined });
    } else {
      this.#owner.local(kind === "camera" ? { camera: track !== undefined } : { screen: track !== undefined });
      this.#tellMuted(kind, track === undefined);
    }
  }

  /** Has the server forward nothing of a picture that ended, so that others see it go at once. */
  #tellMuted(track: VideoTrack, muted: boolean): void {
    if (this.#callId === undefined || this.#phase !== "connected") return;
    if (muted === this.#muted.has(track)) return;
    if (muted) this.#muted.add(track);
    else this.#muted.delete(track);
    this.#owner
      .ask("set_video_mute", { call_id: this.#callId, track, muted }, RETRY)
      .catch((error: unknown) => this.#owner.debug(String(error)));
  }

  #problem(error: DeviceError): void {
    const { problem } = error;
    if (problem.device === "microphone") {
      this.#listenOnly = problem;
      this.#owner.local({ listenOnly: problem, microphone: false });
    }
    this.#owner.tell({ event: "deviceProblem", told: problem });
  }

  #received(tracks: readonly { wanted: Wanted; track: MediaStreamTrack }[]): void {
    this.views.received(tracks.filter(({ wanted }) => wanted.track !== "audio"));
    const sounds = tracks.filter(({ wanted }) => wanted.track === "audio");
    const playing = new Map(sounds.map(({ wanted, track }) => [wanted.user, track]));
    for (const user of this.#playing.keys()) if (!playing.has(user)) this.speaker.stop(user);
    for (const [user, track] of playing) {
      if (this.#playing.get(user) !== track) this.speaker.play(user, track);
    }
    this.#playing = playing;
  }

  /** Whoever entered has sound and a picture by now: what can wait is agreed on. */
  #settle(): void {
    this.#expected.settle();
    this.follow(this.#call);
    this.#session?.renew();
  }
}


import { CallingError, ErrorCode } from "../errors.js";
import type { MediaState, Track, VideoTrack } from "../types.js";
import type { Subscription } from "../wire.js";
import { isSettled } from "./codecs.js";
import { lean } from "./lean.js";
import { keyOf, Places, type Wanted } from "./places.js";
import { prefer } from "./prefer.js";
import { snapshot, type Heard, type Snapshot } from "./quality.js";

/** What a media session needs of the one that owns it. */
export interface MediaHost {
  /** `connect_media`: the answer to an offer. */
  offer(sdp: string, subscribe: Record<string, Subscription>, publish: Publish): Promise<string>;
  /** `media_ready`. */
  ready(): Promise<void>;
  /** `subscribe_video`: other sizes for what is received already. */
  resize(views: readonly Subscription[]): Promise<void>;
  told(state: MediaState): void;
  /** All that is received now, anew whenever it changed. */
  received(tracks: readonly { wanted: Wanted; track: MediaStreamTrack }[]): void;
  debug(message: string): void;
}

/** Which section carries which picture, by mid. */
export type Publish = Record<string, VideoTrack>;

/** Which STUN and TURN servers a connection may use, and whether only those. */
export type IceConfig = Required<Pick<RTCConfiguration, "iceServers" | "iceTransportPolicy">>;

/** How long a connection may be down before ICE restarts, in milliseconds. */
const DOWN_MS = 1_500;
/** How long an ICE restart or a new connection may take, in milliseconds. */
const REPAIR_MS = 8_000;
/** How many new connections are tried in a row. */
const MOST_REBUILDS = 3;
/** How long to wait after an offer was refused because of too many, in milliseconds. */
const SLOW_DOWN_MS = 500;

/** Small, half and full picture, each for whoever shows it at that size. */
const SIMULCAST: RTCRtpEncodingParameters[] = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];
const SCREEN: RTCRtpEncodingParameters[] = [{ maxBitrate: 2_500_000 }];

/**
 * The media connection of one call: one peer connection, offered again whenever what is wanted
 * changes. What is wanted may change at any moment; one offer is under way at a time, and the next
 * takes up all that changed meanwhile.
 *
 * It repairs itself: when nothing passes, ICE restarts; when that does not help, or the server has
 * forgotten the connection, another peer connection takes its place.
 */
export class MediaSession {
  readonly #host: MediaHost;
  #config: RTCConfiguration;
  #connection!: RTCPeerConnection;
  #places!: Places;
  #senders = new Map<Track, RTCRtpTransceiver>();
  readonly #local = new Map<Track, MediaStreamTrack>();
  #publishes = new Set<Track>(["audio"]);
  #wanted: readonly Wanted[] = [];
  #gateOpen = false;
  /** The next offer is to be made though nothing else is wanted. */
  #renewing = false;
  #dirty = true;
  #working = false;
  #readyTold = false;
  #rebuilds = 0;
  #closed = false;
  #state: MediaState = "none";
  #repairTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #heard = new Map<string, Heard>();

  constructor(host: MediaHost, ice: IceConfig) {
    this.#host = host;
    this.#config = { ...ice, bundlePolicy: "max-bundle" };
    this.#build();
    this.#tell("connecting");
    this.#wake();
  }

  get state(): MediaState {
    return this.#state;
  }

  /** Other servers, or fresh credentials: for the next restart of ICE, and for a connection in place of this one. */
  configure(ice: IceConfig): void {
    this.#config = { ...this.#config, ...ice };
    if (!this.#closed) this.#connection.setConfiguration(this.#config);
  }

  /** What to receive, all of it. */
  want(wanted: readonly Wanted[]): void {
    const before = new Map(this.#wanted.map((it) => [keyOf(it), it.size]));
    this.#wanted = wanted;
    const resized = wanted.filter((it) => {
      const key = keyOf(it);
      return it.track !== "audio" && before.has(key) && before.get(key) !== it.size;
    });
    if (resized.length > 0) this.#resize(resized);
    this.#wake();
  }

  /** Sends `track` (nothing if absent) as one's own `kind`, once the gate is open. */
  async send(kind: Track, track: MediaStreamTrack | undefined): Promise<void> {
    if (track === undefined) this.#local.delete(kind);
    else this.#local.set(kind, track);
    if (track !== undefined) this.prepare(kind);
    await this.#attach(kind);
  }

  /** Makes room for one's own `kind`, so that it can be sent later without another offer. */
  prepare(kind: Track): void {
    if (this.#publishes.has(kind)) return;
    this.#publishes.add(kind);
    this.#wake();
  }

  /** The call is accepted, or is being: from now on microphone and pictures are sent. */
  openGate(): void {
    if (this.#gateOpen) return;
    this.#gateOpen = true;
    for (const kind of this.#senders.keys()) void this.#attach(kind);
    if (this.#state === "failed") this.#rebuild("the call was accepted");
  }

  /** It came to nothing: nothing more is sent. */
  closeGate(): void {
    if (!this.#gateOpen) return;
    this.#gateOpen = false;
    for (const kind of this.#senders.keys()) void this.#attach(kind);
  }

  /** Has what is sent follow what others can be shown, now that they are there. */
  renew(): void {
    const { currentLocalDescription: offer, currentRemoteDescription: answer } = this.#connection;
    const settled = (mid: string): boolean => isSettled(offer?.sdp ?? "", answer?.sdp ?? "", mid);
    if (Object.keys(this.#publish()).every(settled)) return;
    this.#renewing = true;
    this.#wake();
  }

  /** Signalling is back: what could not be offered is. */
  signallingBack(): void {
    this.#rebuilds = 0;
    if (this.#state === "failed") this.#rebuild("signalling is back");
    if (this.#connection.connectionState === "connected") void this.#ready();
    this.#wake();
  }

  /** The way to the server may have changed: finds the new one. */
  networkChanged(): void {
    if (this.#closed || this.#state === "failed") return;
    this.#connection.restartIce();
    this.#renewing = true;
    this.#wake();
  }

  /** The server gave up on the connection (`media_failed`). */
  forgotten(reason: string): void {
    if (!this.#closed) this.#rebuild(reason);
  }

  /** The figures of this moment. */
  async measure(): Promise<Snapshot> {
    const report = await this.#connection.getStats();
    const entries = [...(report as unknown as Map<string, Record<string, unknown>>).values()];
    const now = snapshot(entries, (mid) => this.#places.userOf(mid));
    for (const [user, heard] of now.heard) this.#heard.set(user, heard);
    return now;
  }

  /** Closes everything at once; the figures of the whole call, of those who left before, too. */
  async close(): Promise<Snapshot | undefined> {
    if (this.#closed) return undefined;
    this.#closed = true;
    clearTimeout(this.#repairTimer);
    for (const it of this.#senders.values()) void it.sender.replaceTrack(null);
    const connection = this.#connection;
    this.#host.received([]);
    try {
      const last = await this.measure();
      return { ...last, heard: new Map(this.#heard) };
    } catch {
      return undefined;
    } finally {
      connection.close();
    }
  }

  #build(): void {
    const connection = new RTCPeerConnection(this.#config);
    this.#connection = connection;
    this.#places = new Places(connection);
    this.#senders = new Map();
    this.#readyTold = false;
    connection.onconnectionstatechange = () => {
      if (connection === this.#connection) this.#changed(connection.connectionState);
    };
    connection.oniceconnectionstatechange = () => {
      const { iceConnectionState: state } = connection;
      if (connection === this.#connection && state === "disconnected") this.#down();
    };
    this.#repairIn(REPAIR_MS, () => this.#rebuild("the connection was not up in time"));
  }

  #changed(state: RTCPeerConnectionState): void {
    if (this.#closed) return;
    if (state === "connected") {
      clearTimeout(this.#repairTimer);
      this.#rebuilds = 0;
      this.#tell("connected");
      void this.#ready();
    } else if (state === "disconnected") {
      this.#down();
    } else if (state === "failed") {
      this.#restartIce();
    }
  }

  #down(): void {
    if (this.#closed) return;
    this.#tell("reconnecting");
    this.#repairIn(DOWN_MS, () => this.#restartIce());
  }

  #restartIce(): void {
    this.#tell("reconnecting");
    this.#connection.restartIce();
    this.#renewing = true;
    this.#repairIn(REPAIR_MS, () => this.#rebuild("an ICE restart did not help"));
    this.#wake();
  }

  #rebuild(reason: string): void {
    if (this.#closed) return;
    this.#host.debug(`media: another connection, since ${reason}`);
    this.#dispose();
    this.#rebuilds += 1;
    if (this.#rebuilds > MOST_REBUILDS) {
      this.#rebuilds = 0;
      this.#tell("failed");
      return;
    }
    if (this.#state === "connected" || this.#state === "reconnecting") this.#tell("reconnecting");
    else this.#tell("connecting");
    this.#build();
    this.#wake();
  }

  #dispose(): void {
    clearTimeout(this.#repairTimer);
    this.#connection.onconnectionstatechange = null;
    this.#connection.oniceconnectionstatechange = null;
    this.#connection.close();
    this.#host.received([]);
  }

  #repairIn(ms: number, repair: () => void): void {
    clearTimeout(this.#repairTimer);
    this.#repairTimer = setTimeout(repair, ms);
  }

  #tell(state: MediaState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#host.told(state);
  }

  async #ready(): Promise<void> {
    if (this.#readyTold) return;
    this.#readyTold = true;
    const connection = this.#connection;
    try {
      await this.#host.ready();
    } catch {
      // Told again once signalling is back.
      if (connection === this.#connection) this.#readyTold = false;
    }
  }

  #wake(): void {
    this.#dirty = true;
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#dirty && !this.#closed && this.#state !== "failed") {
      this.#dirty = false;
      const connection = this.#connection;
      try {
        // Let everything of this moment be wanted first: one offer for all of it.
        await Promise.resolve();
        await this.#negotiate(connection);
      } catch (error) {
        if (connection !== this.#connection) continue;
        this.#renewing = true;
        if (!(await this.#refused(connection, error))) break;
      }
    }
    this.#working = false;
  }

  async #negotiate(connection: RTCPeerConnection): Promise<void> {
    const isFirst = connection.localDescription === null;
    const hasMore = this.#addSenders(connection);
    const hasOthers = this.#places.arrange(this.#wanted);
    if (!isFirst && !hasMore && !hasOthers && !this.#renewing) return;
    this.#renewing = false;
    const offer = await connection.createOffer();
    await connection.setLocalDescription(offer);
    const { sdp = "" } = connection.localDescription ?? offer;
    const answer = await this.#host.offer(
      lean(sdp),
      this.#places.subscriptions(),
      this.#publish(),
    );
    if (connection !== this.#connection || this.#closed) return;
    await connection.setRemoteDescription({ type: "answer", sdp: answer });
    this.#places.answered(answer);
    this.#host.received(this.#places.served());
  }

  /** Whether there is something more that may be sent. */
  #addSenders(connection: RTCPeerConnection): boolean {
    const before = this.#senders.size;
    for (const kind of this.#publishes) {
      if (this.#senders.has(kind)) continue;
      const transceiver = connection.addTransceiver(kind === "audio" ? "audio" : "video", {
        direction: "sendonly",
        ...(kind === "camera" && { sendEncodings: SIMULCAST }),
        ...(kind === "screen" && { sendEncodings: SCREEN }),
      });
      if (kind === "audio") preferCopies(transceiver);
      this.#senders.set(kind, transceiver);
      this.#places.keep(transceiver);
      void this.#attach(kind);
    }
    return this.#senders.size > before;
  }

  #publish(): Publish {
    const publish: Publish = {};
    for (const [kind, { mid }] of this.#senders) {
      if (kind !== "audio" && mid !== null) publish[mid] = kind;
    }
    return publish;
  }

  /** Puts the track on its section: no offer is needed for that. */
  async #attach(kind: Track): Promise<void> {
    const track = this.#gateOpen ? this.#local.get(kind) : undefined;
    await this.#senders.get(kind)?.sender.replaceTrack(track ?? null);
  }

  /** After an offer that came to nothing: whether to go on at once. */
  async #refused(connection: RTCPeerConnection, error: unknown): Promise<boolean> {
    const code = error instanceof CallingError ? error.code : undefined;
    this.#host.debug(`media: an offer failed: ${String(error)}`);
    if (connection.signalingState === "have-local-offer") {
      await connection.setLocalDescription({ type: "rollback" }).catch(() => undefined);
    }
    if (this.#closed) return false;
    this.#dirty = true;
    if (code === ErrorCode.signallingFailed || code === ErrorCode.notInitialised) return false;
    if (code === ErrorCode.inviteNotFound || code === ErrorCode.notYourCall) return false;
    if (code === ErrorCode.rateLimited) {
      await new Promise((soon) => setTimeout(soon, SLOW_DOWN_MS));
      return true;
    }
    // -1203: the server has forgotten the connection. Anything else: begin anew, a few times.
    this.#rebuild(String(error));
    return true;
  }

  #resize(resized: readonly Wanted[]): void {
    const views = resized.map(({ user, track, size }): Subscription => {
      return { user, track, ...(size !== undefined && { size }) };
    });
    this.#host.resize(views).catch((error: unknown) => this.#host.debug(String(error)));
  }
}

/**
 * Lets each packet of the voice carry a copy of the frame before it (RFC 2198), where the browser
 * can: a lost packet is then not missed. Whoever cannot read copies is sent packets without.
 */
function preferCopies(transceiver: RTCRtpTransceiver): void {
  if (typeof RTCRtpSender === "undefined") return;
  prefer(transceiver, RTCRtpSender.getCapabilities("audio")?.codecs ?? [], "audio/red");
}

/** A page that is a phone: the SDK, its log, and a look at what really flows. */
import { Calling, CallingError, DeviceError, type CallingEvent } from "../../src/sdk/index.js";
import { prefer } from "../../src/sdk/media/prefer.js";

/** The codec that sections of pictures offer first, if not the browser's own favourite. */
let preferred: string | undefined;

/** Every peer connection the page made. */
const connections: RTCPeerConnection[] = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(config?: RTCConfiguration) {
    super(config);
    connections.push(this);
  }

  override addTransceiver(kind: string | MediaStreamTrack, init?: RTCRtpTransceiverInit): RTCRtpTransceiver {
    const transceiver = super.addTransceiver(kind, init);
    if (kind === "video" && preferred !== undefined) {
      prefer(transceiver, RTCRtpReceiver.getCapabilities("video")?.codecs ?? [], preferred);
    }
    return transceiver;
  }

  /** The way to the server leads through the tests' network. */
  override setRemoteDescription(answer: RTCSessionDescriptionInit): Promise<void> {
    const port = new URLSearchParams(location.search).get("media") ?? "";
    const sdp = answer.sdp?.replace(/^(a=candidate:.* 127\.0\.0\.1 )\d+/gm, `$1${port}`) ?? "";
    return super.setRemoteDescription({ ...answer, sdp });
  }
};

/** Every socket to the server. */
const sockets: WebSocket[] = [];
/** Every frame of those sockets, by the clock all pages share. */
const frames: WireFrame[] = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(url: string | URL) {
    super(url);
    sockets.push(this);
    this.addEventListener("message", ({ data }) => note("down", data));
  }

  override send(data: string): void {
    note("up", data);
    super.send(data);
  }
};

function note(way: WireFrame["way"], data: unknown): void {
  const { method, event, result } = JSON.parse(String(data)) as WireText;
  const name = method ?? event ?? result?.type ?? "error";
  frames.push({ way, name, at: performance.timeOrigin + performance.now() });
}

const EVENTS: CallingEvent[] = [
  "invited", "ringing", "accepted", "rejected", "lineBusy", "noResponse", "cancelled", "timedOut",
  "handledElsewhere", "began", "ended", "userEntered", "userLeft", "audioAvailable",
  "videoAvailable", "firstFrame", "mediaState", "mediaTypeChanged", "inviteesChanged",
  "memberLeft", "joined", "groupCallChanged", "message", "messageRecalled", "read",
  "connected", "reconnecting", "kickedOffline", "deviceProblem", "error", "networkQuality",
];

interface Line {
  event: string;
  at: number;
  told: unknown;
}

/** What of a frame tells which it is. */
interface WireText {
  method?: string;
  event?: string;
  result?: { type?: string };
}

/** One frame on the way to the server or from it: a request, an event or the type of an answer. */
interface WireFrame {
  way: "up" | "down";
  name: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** One received sound or picture. */
interface Inbound {
  kind: string;
  mid: string;
  packets: number;
  energy: number;
  frames: number;
  width: number;
  ssrc: number;
}

/** The way from the page to the server. */
interface Uplink {
  estimate: number;
  /** Receiver reports that came. */
  reports: number;
}

export class Phone {
  readonly log: Line[] = [];
  readonly calling = new Calling({
    logger: {
      debug: (text) => this.log.push({ event: "debug", at: performance.now(), told: text }),
      warn: (text) => this.log.push({ event: "warn", at: performance.now(), told: text }),
    },
  });

  constructor() {
    for (const event of EVENTS) {
      this.calling.on(event, (told) => this.log.push({ event, at: performance.now(), told }));
    }
  }

  get call() {
    return this.calling.state.call;
  }

  /** What went over the wire since `at` (milliseconds since 1970). */
  framesSince(at: number): WireFrame[] {
    return frames.filter((it) => it.at >= at);
  }

  /** What was told of `event`, in order. */
  told(event: CallingEvent): unknown[] {
    return this.log.filter((it) => it.event === event).map((it) => it.told);
  }

  member(user: string) {
    return this.call?.members.find((it) => it.user === user);
  }

  /** The peer connection of the call; the newest of those that are open. */
  get connection(): RTCPeerConnection | undefined {
    return connections.findLast((it) => it.connectionState !== "closed");
  }

  get connectionsMade(): number {
    return connections.length;
  }

  /** Cuts the signalling connection as a network does: without a word. */
  cut(): void {
    sockets.at(-1)?.close();
  }

  /** As if the server had told something. */
  pretend(event: string, params: object): void {
    const data = JSON.stringify({ event, params });
    sockets.at(-1)?.dispatchEvent(new MessageEvent("message", { data }));
  }

  async stats(): Promise<Record<string, unknown>[]> {
    const report = await this.connection?.getStats();
    const entries = report as unknown as Map<string, Record<string, unknown>> | undefined;
    return [...(entries?.values() ?? [])];
  }

  /** What the page thinks that its way to the server carries, in bit/s, and how often it was told. */
  async uplink(): Promise<Uplink> {
    const stats = await this.stats();
    const pair = stats.find((it) => it["type"] === "candidate-pair" && it["nominated"] === true);
    const estimate = pair?.["availableOutgoingBitrate"];
    const reports = stats
      .filter((it) => it["type"] === "remote-inbound-rtp")
      .reduce((sum, it) => sum + Number(it["roundTripTimeMeasurements"] ?? 0), 0);
    return { estimate: typeof estimate === "number" ? estimate : 0, reports };
  }

  /** What comes from `user`, by the stream the server named after them. */
  async inbound(user: string, kind = "audio", track?: string): Promise<Inbound | undefined> {
    const sections = this.connection?.currentRemoteDescription?.sdp.split("\r\nm=").slice(1) ?? [];
    const mids = sections
      .filter((it) => it.startsWith(kind) && new RegExp(`a=msid:${user} ${track ?? ""}`).test(it))
      .map((it) => /a=mid:(\S+)/.exec(it)?.[1]);
    const found = (await this.stats()).find(
      (it) => it["type"] === "inbound-rtp" && mids.includes(String(it["mid"])),
    );
    if (found === undefined) return undefined;
    const number = (key: string): number => (typeof found[key] === "number" ? found[key] : 0);
    return {
      kind,
      mid: String(found["mid"]),
      packets: number("packetsReceived"),
      energy: number("totalAudioEnergy"),
      frames: number("framesDecoded"),
      width: number("frameWidth"),
      ssrc: number("ssrc"),
    };
  }

  /** Resolves once 20 more packets, and sound in them, came from `user`. */
  async hears(user: string): Promise<void> {
    let first: Inbound | undefined;
    await this.until(async () => {
      const now = await this.inbound(user);
      first ??= now;
      if (now === undefined || first === undefined) return false;
      if (now.ssrc !== first.ssrc) first = now;
      return now.packets >= first.packets + 20 && now.energy > first.energy + 1e-5;
    }, `hearing ${user}`);
  }

  readonly #shown = new Map<string, HTMLVideoElement>();

  /** Shows a picture of `user` and resolves once five more frames of it were decoded. */
  async sees(user: string, track: "camera" | "screen" = "camera"): Promise<void> {
    const key = `${user} ${track}`;
    if (!this.#shown.has(key)) {
      const element = this.video();
      this.#shown.set(key, element);
      await this.calling.startRemoteView(user, element, { track });
    }
    let first: number | undefined;
    await this.until(async () => {
      const now = (await this.inbound(user, "video", track))?.frames;
      if (now !== undefined && (first === undefined || now < first)) first = now;
      return now !== undefined && first !== undefined && now >= first + 5;
    }, `seeing the ${track} of ${user}`);
  }

  /** Takes the element of `user`'s camera away, and waits until nothing of it comes any more. */
  async looksAway(user: string): Promise<void> {
    await this.calling.stopRemoteView(user);
    this.#shown.get(`${user} camera`)?.remove();
    this.#shown.delete(`${user} camera`);
    await this.until(async () => (await this.inbound(user, "video")) === undefined, "the end of it");
  }

  /** What is on the screen of `user`'s camera: how much of it is green, and whether it moves. */
  async looksAt(user: string): Promise<{ green: number; moves: boolean }> {
    const element = this.#shown.get(`${user} camera`);
    if (element === undefined) throw new Error("there is no view");
    await this.until(() => element.videoWidth > 0, "a picture in the element");
    const canvas = new OffscreenCanvas(64, 36);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const look = (): Uint8ClampedArray => {
      context?.drawImage(element, 0, 0, 64, 36);
      return context?.getImageData(0, 0, 64, 36).data ?? new Uint8ClampedArray();
    };
    const before = look();
    let green = 0;
    for (let at = 0; at < before.length; at += 4) {
      const [red = 0, middle = 0, blue = 0] = before.slice(at, at + 3);
      if (middle > red && middle > blue) green += 4 / before.length;
    }
    let moves = false;
    await this.until(() => {
      const difference = look().reduce((sum, now, at) => sum + Math.abs(now - (before[at] ?? 0)), 0);
      moves = difference / before.length > 2;
      return moves;
    }, "a movement");
    return { green, moves };
  }

  /** Offers this codec first in calls from now on. */
  prefer(mimeType: string): void {
    preferred = mimeType;
  }

  /** The codecs of the camera of `user` and of one's own. */
  async codecs(user: string): Promise<{ received: string; sent: string }> {
    const all = await this.stats();
    const mid = (await this.inbound(user, "video"))?.mid;
    const codec = (type: string, isIt: (it: Record<string, unknown>) => boolean): string => {
      const stream = all.find((it) => it["type"] === type && it["kind"] === "video" && isIt(it));
      return String(all.find((it) => it["id"] === stream?.["codecId"])?.["mimeType"]);
    };
    return {
      received: codec("inbound-rtp", (it) => it["mid"] === mid),
      sent: codec("outbound-rtp", (it) => Number(it["packetsSent"]) > 0),
    };
  }

  /** The mean colours (RGB) of parts of a picture of `user`, as it is shown. */
  coloursOf(
    user: string,
    track: "camera" | "screen",
    parts: { x: number; y: number; width: number; height: number }[],
  ): number[][] {
    const element = this.#shown.get(`${user} ${track}`);
    if (element === undefined) throw new Error("there is no view");
    const { videoWidth, videoHeight } = element;
    const canvas = new OffscreenCanvas(videoWidth, videoHeight);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context?.drawImage(element, 0, 0);
    return parts.map(({ x, y, width, height }) => {
      const area = [x * videoWidth, y * videoHeight, width * videoWidth, height * videoHeight] as const;
      const data = context?.getImageData(...area).data ?? new Uint8ClampedArray();
      return [0, 1, 2].map((channel) => {
        const values = data.filter((_, at) => at % 4 === channel);
        return values.reduce((sum, it) => sum + it, 0) / values.length;
      });
    });
  }

  /** The strongest frequency of what `user` says, once they are loud. */
  async pitchOf(user: string): Promise<number> {
    const context = new AudioContext();
    const mid = (await this.inbound(user))?.mid;
    const track = this.connection?.getTransceivers().find((it) => it.mid === mid)?.receiver.track;
    if (track === undefined) throw new Error("there is no sound");
    const analyser = context.createAnalyser();
    analyser.fftSize = 8_192;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    // The same for a while: what begins, and what is stretched in time, is of no pitch.
    let [peak, seen] = [-1, 0];
    await this.until(() => {
      analyser.getFloatFrequencyData(spectrum);
      const [loudest, before] = [Math.max(...spectrum), peak];
      peak = spectrum.indexOf(loudest);
      seen = loudest > -40 && peak === before ? seen + 1 : 0;
      return seen === 5;
    }, `a tone of ${user}`);
    await context.close();
    return (peak * context.sampleRate) / analyser.fftSize;
  }

  /** Whether any sound of `user` comes within `ms`. */
  async packetsWithin(user: string, ms: number): Promise<number> {
    const before = (await this.inbound(user))?.packets ?? 0;
    await new Promise((soon) => setTimeout(soon, ms));
    return ((await this.inbound(user))?.packets ?? 0) - before;
  }

  async until(condition: () => unknown, what: string): Promise<void> {
    const giveUp = performance.now() + 30_000;
    while (!(await condition())) {
      if (performance.now() > giveUp) {
        const { call, connection } = this.calling.state;
        const log = this.log.filter((it) => it.event !== "networkQuality").slice(-40);
        throw new Error(`never: ${what}; ${JSON.stringify({ connection, call, log }, null, 1)}`);
      }
      await new Promise((soon) => setTimeout(soon, 20));
    }
  }

  /** What a method throws, as data. */
  async fails(doing: () => Promise<unknown>): Promise<{ code: number; message: string; reason?: string }> {
    try {
      await doing();
    } catch (error) {
      if (error instanceof DeviceError) {
        return { code: error.code, message: error.message, reason: error.problem.reason };
      }
      if (error instanceof CallingError) return { code: error.code, message: error.message };
      throw error;
    }
    throw new Error("it did not fail");
  }

  video(): HTMLVideoElement {
    const element = document.createElement("video");
    document.body.append(element);
    return element;
  }
}

declare global {
  var phone: Phone;
}
globalThis.phone = new Phone();

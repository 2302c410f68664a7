/**
 * A page that takes part in calls through the SDK and says what it really hears and sees. Chromium
 * and Firefox load it alike.
 *
 * Its microphone is a tone (`?tone=`, Hz), its camera a picture of one colour (`?colour=`, CSS);
 * `?codec=` puts a codec of pictures first, `?relay` has it speak through a TURN server alone.
 */
import { Calling, type CallingEvent } from "../../src/sdk/index.js";
import { prefer } from "../../src/sdk/media/prefer.js";

const query = new URLSearchParams(location.search);
const connections: RTCPeerConnection[] = [];

/** Puts `?codec=` first among those of pictures, and keeps the connection at hand. */
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(config?: RTCConfiguration) {
    super(config);
    connections.push(this);
  }

  override addTransceiver(what: MediaStreamTrack | string, init?: RTCRtpTransceiverInit): RTCRtpTransceiver {
    const transceiver = super.addTransceiver(what, init);
    const codec = query.get("codec");
    if (what === "video" && codec !== null) {
      prefer(transceiver, RTCRtpReceiver.getCapabilities("video")?.codecs ?? [], `video/${codec}`);
    }
    return transceiver;
  }
};

/** A device that gives what this page is to send. */
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const tracks = wanted?.video ? [camera()] : [await microphone()];
  return new MediaStream(tracks);
};

async function microphone(): Promise<MediaStreamTrack> {
  const context = new AudioContext({ sampleRate: 48_000 });
  await context.resume();
  const tone = new OscillatorNode(context, { frequency: Number(query.get("tone") ?? 440) });
  const volume = new GainNode(context, { gain: 0.4 });
  const out = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
  tone.connect(volume).connect(out);
  tone.start();
  return out.stream.getAudioTracks()[0]!;
}

function camera(): MediaStreamTrack {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [320, 240];
  const context = canvas.getContext("2d")!;
  let pictures = 0;
  const paint = (): void => {
    context.fillStyle = query.get("colour") ?? "rgb(0 160 0)";
    context.fillRect(0, 0, 320, 240);
    // A corner that changes: a picture that stands still may not be sent.
    context.fillStyle = pictures++ % 2 === 0 ? "black" : "white";
    context.fillRect(0, 0, 16, 16);
  };
  paint();
  setInterval(paint, 1_000 / 15);
  // Each painting is a picture; a rate of its own beats with that of the painting, in Firefox to 10 a second.
  return canvas.captureStream().getVideoTracks()[0]!;
}

/** What came from somebody, of one kind, up to now. */
export interface Received {
  codec: string;
  packets: number;
  lost: number;
  /** Sound: seconds that were played, and of those concealed. */
  playedS: number;
  concealedS: number;
  /** Pictures that were decoded. */
  frames: number;
  freezes: number;
}

export class Peer {
  readonly calling = new Calling({
    relayOnly: query.has("relay"),
    logger: { debug: (it) => this.#note(it), warn: (it) => this.#note(it) },
  });
  readonly #log: string[] = [];
  #invites = 0;
  readonly #views = new Map<string, HTMLVideoElement>();

  constructor() {
    const told: CallingEvent[] = ["invited", "began", "ended", "userEntered", "userLeft", "error", "deviceProblem"];
    for (const event of told) this.calling.on(event, () => this.#note(event));
    this.calling.on("invited", () => (this.#invites += 1));
  }

  async invited(): Promise<void> {
    await this.until(() => this.#invites > 0 && this.calling.state.call?.phase === "incoming", "an invite");
  }

  /** Until `user` is in the call with media. */
  async entered(user: string): Promise<void> {
    const isIn = (): boolean => {
      const member = this.calling.state.call?.members.find((it) => it.user === user);
      return member?.entered === true;
    };
    await this.until(isIn, `the entry of ${user}`);
  }

  async connected(): Promise<void> {
    await this.until(() => this.#connection?.connectionState === "connected", "the media connection");
  }

  /** The tone that `user` sends (Hz), once it stands out and stays. */
  async hears(user: string): Promise<number> {
    await this.until(() => this.#track(user, "audio") !== undefined, `a track of ${user}`);
    const context = new AudioContext({ sampleRate: 48_000 });
    await context.resume();
    const source = context.createMediaStreamSource(new MediaStream([this.#track(user, "audio")!]));
    const ear = new AnalyserNode(context, { fftSize: 8_192, smoothingTimeConstant: 0 });
    source.connect(ear);
    const spectrum = new Float32Array(ear.frequencyBinCount);
    const [pitches, windowS] = [[] as { bin: number; at: number }[], ear.fftSize / context.sampleRate];
    const stays = (): boolean => {
      ear.getFloatFrequencyData(spectrum);
      const bin = spectrum.indexOf(Math.max(...spectrum));
      const at = context.currentTime;
      const isHeard = (spectrum[bin] ?? -Infinity) > -50;
      if (!isHeard || bin !== pitches[0]?.bin) pitches.length = 0;
      if (!isHeard) return false;
      pitches.push({ bin, at });
      // Of two windows that have nothing in common: what a jitter buffer stretches to catch up has another pitch.
      return at - pitches[0]!.at > windowS;
    };
    try {
      await this.until(stays, `a sound of ${user} that stays`);
    } finally {
      await context.close();
    }
    return (pitches[0]!.bin * context.sampleRate) / ear.fftSize;
  }

  /** The colour of `user`'s picture (red, green, blue), once ten of them were decoded. */
  async sees(user: string): Promise<number[]> {
    let element = this.#views.get(user);
    if (element === undefined) {
      element = document.createElement("video");
      this.#views.set(user, element);
      document.body.append(element);
      await this.calling.startRemoteView(user, element);
    }
    const before = (await this.received(user, "video"))?.frames ?? 0;
    await this.until(async () => {
      const now = (await this.received(user, "video"))?.frames ?? 0;
      return now >= before + 10;
    }, `pictures of ${user}`);
    await this.until(() => element.videoWidth > 0, "a picture in the element");
    const canvas = new OffscreenCanvas(16, 16);
    const context = canvas.getContext("2d", { willReadFrequently: true })!;
    context.drawImage(element, 0, 0, 16, 16);
    return [...context.getImageData(8, 8, 1, 1).data.slice(0, 3)];
  }

  /** What came of the sound of `user`, once it is so many packets. */
  async flows(user: string, packets: number): Promise<Received> {
    let now: Received | undefined;
    await this.until(async () => {
      now = await this.received(user, "audio");
      return now !== undefined && now.packets >= packets;
    }, `${packets} packets of ${user}`);
    return now!;
  }

  /** What came of `user` up to now. */
  async received(user: string, kind: "audio" | "video"): Promise<Received | undefined> {
    const mids = this.#sections(user, kind);
    const report = await this.#connection?.getStats();
    const entries = report as unknown as Map<string, Record<string, unknown>> | undefined;
    const all = [...(entries?.values() ?? [])];
    const stream = all.find((it) => it["type"] === "inbound-rtp" && mids.includes(String(it["mid"])));
    if (stream === undefined) return undefined;
    const number = (key: string): number => (typeof stream[key] === "number" ? stream[key] : 0);
    const codec = all.find((it) => it["id"] === stream["codecId"]);
    return {
      codec: typeof codec?.["mimeType"] === "string" ? codec["mimeType"] : "",
      packets: number("packetsReceived"),
      lost: number("packetsLost"),
      playedS: number("totalSamplesReceived") / 48_000,
      concealedS: Math.max(0, number("concealedSamples") - number("silentConcealedSamples")) / 48_000,
      frames: number("framesDecoded"),
      freezes: number("freezeCount"),
    };
  }

  /** The codec in which this page sends its picture. */
  async sending(): Promise<string> {
    const report = await this.#connection?.getStats();
    const entries = report as unknown as Map<string, Record<string, unknown>> | undefined;
    const streams = [...(entries?.values() ?? [])].filter((it) => it["type"] === "outbound-rtp" && it["kind"] === "video");
    const codec = entries?.get(String(streams.find((it) => it["codecId"] !== undefined)?.["codecId"]));
    return typeof codec?.["mimeType"] === "string" ? codec["mimeType"] : "";
  }

  /** How the connection reaches the server: the kinds of its two addresses. */
  async way(): Promise<string> {
    const report = await this.#connection?.getStats();
    const entries = report as unknown as Map<string, Record<string, unknown>> | undefined;
    const pairs = [...(entries?.values() ?? [])].filter((it) => it["type"] === "candidate-pair");
    const used = pairs.find((it) => it["selected"] === true || (it["nominated"] === true && it["state"] === "succeeded"));
    const kind = (key: string): string => String(entries?.get(String(used?.[key]))?.["candidateType"]);
    return `${kind("localCandidateId")} → ${kind("remoteCandidateId")}`;
  }

  /** Codecs of pictures this browser can send. */
  codecs(): string[] {
    const all = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
    return [...new Set(all.map((it) => it.mimeType.replace("video/", "")))];
  }

  /** Leaves whatever call there is, and is ready for the next. */
  async leave(): Promise<void> {
    if (this.calling.state.call !== undefined) await this.calling.hangup().catch(() => undefined);
    for (const element of this.#views.values()) element.remove();
    this.#views.clear();
    this.#invites = 0;
  }

  async until(condition: () => unknown, what: string): Promise<void> {
    const giveUp = performance.now() + 20_000;
    while (!(await condition())) {
      if (performance.now() > giveUp) throw new Error(`never: ${what} (${this.#where()}; ${this.#log.slice(-8).join(" | ")})`);
      await new Promise((soon) => setTimeout(soon, 50));
    }
  }

  /** How far the connection came. */
  #where(): string {
    const { iceConnectionState: ice, connectionState: all } = this.#connection ?? {};
    const dtls = this.#connection?.getSenders()[0]?.transport?.state;
    return `ICE ${String(ice)}, DTLS ${String(dtls)}, ${String(all)}`;
  }

  get #connection(): RTCPeerConnection | undefined {
    return connections.findLast((it) => it.connectionState !== "closed");
  }

  /** The sections in which the server sends what `user` sends, by the stream it names after them. */
  #sections(user: string, kind: string): string[] {
    const sections = this.#connection?.currentRemoteDescription?.sdp.split("\r\nm=").slice(1) ?? [];
    const of = sections.filter((it) => it.startsWith(kind) && it.includes(`a=msid:${user} `));
    return of.map((it) => /a=mid:(\S+)/.exec(it)?.[1] ?? "");
  }

  #track(user: string, kind: string): MediaStreamTrack | undefined {
    const mids = this.#sections(user, kind);
    const transceivers = this.#connection?.getTransceivers() ?? [];
    return transceivers.find((it) => it.mid !== null && mids.includes(it.mid))?.receiver.track;
  }

  #note(text: string): void {
    this.#log.push(text.slice(0, 300));
  }
}

declare global {
  var peer: Peer;
}
globalThis.peer = new Peer();

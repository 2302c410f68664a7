/** A peer connection that behaves as the specification says, without a network. */
export class FakeConnection {
  static readonly all: FakeConnection[] = [];
  /** What the next offers come to: an answer by default. */
  connectionState: RTCPeerConnectionState = "new";
  iceConnectionState: RTCIceConnectionState = "new";
  signalingState: RTCSignalingState = "stable";
  localDescription: RTCSessionDescriptionInit | null = null;
  currentLocalDescription: RTCSessionDescriptionInit | null = null;
  currentRemoteDescription: RTCSessionDescriptionInit | null = null;
  onconnectionstatechange: (() => void) | null = null;
  oniceconnectionstatechange: (() => void) | null = null;
  #ufrag = 1;
  readonly #transceivers: FakeTransceiver[] = [];

  constructor(readonly config?: RTCConfiguration) {
    FakeConnection.all.push(this);
  }

  addTransceiver(kind: string, init: RTCRtpTransceiverInit): FakeTransceiver {
    const transceiver = new FakeTransceiver(kind, init.direction ?? "sendrecv");
    this.#transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.#transceivers;
  }

  /** What it was told by `setConfiguration`. */
  configured: RTCConfiguration | undefined;

  setConfiguration(config: RTCConfiguration): void {
    this.configured = config;
  }

  restartIce(): void {
    this.#ufrag += 1;
  }

  createOffer(): Promise<RTCSessionDescriptionInit> {
    const sections = this.#transceivers.map(
      (it, index) =>
        `m=${it.receiver.track.kind} 9 X 111\r\na=ice-ufrag:${this.#ufrag}\r\na=mid:${index}\r\na=${it.direction}\r\n`,
    );
    return Promise.resolve({ type: "offer", sdp: `v=0\r\n${sections.join("")}` });
  }

  setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    if (description.type === "rollback") {
      this.signalingState = "stable";
      this.localDescription = this.currentLocalDescription;
      return Promise.resolve();
    }
    if (this.signalingState !== "stable") throw new Error("two offers at once");
    this.signalingState = "have-local-offer";
    this.localDescription = description;
    this.#transceivers.forEach((it, index) => {
      it.mid = String(index);
    });
    return Promise.resolve();
  }

  setRemoteDescription(answer: RTCSessionDescriptionInit): Promise<void> {
    if (this.signalingState !== "have-local-offer") throw new Error("an answer to nothing");
    const [first = ""] = answer.sdp?.split("\r\n") ?? [];
    const inactive = new Set(first.split(","));
    for (const it of this.#transceivers) {
      it.currentDirection = inactive.has(it.mid ?? "") ? "inactive" : it.direction;
    }
    this.signalingState = "stable";
    this.currentLocalDescription = this.localDescription;
    this.currentRemoteDescription = answer;
    return Promise.resolve();
  }

  getStats(): Promise<Map<string, object>> {
    return Promise.resolve(new Map<string, object>());
  }

  close(): void {
    this.connectionState = "closed";
  }

  /** The network's word. */
  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

export class FakeTransceiver {
  mid: string | null = null;
  direction: RTCRtpTransceiverDirection;
  currentDirection: RTCRtpTransceiverDirection | null = null;
  readonly receiver: { track: { kind: string } };
  readonly sender = {
    track: null as unknown,
    replaceTrack(track: unknown): Promise<void> {
      this.track = track;
      return Promise.resolve();
    },
  };

  constructor(kind: string, direction: RTCRtpTransceiverDirection) {
    this.direction = direction;
    this.receiver = { track: { kind } };
  }

  /** What is sent first, as far as it was asked for. */
  preferred: readonly string[] = [];

  setCodecPreferences(codecs: readonly { mimeType: string }[]): void {
    this.preferred = codecs.map((it) => it.mimeType);
  }

  stop(): void {
    this.direction = "stopped";
  }
}

import { CallingError, ErrorCode } from "../errors.js";
import type { DeviceProblem, Track } from "../types.js";
import type { Devices } from "./devices.js";
import { problem } from "./problems.js";

/** What a capture tells. */
export interface CaptureListener {
  /** One's own microphone, camera or screen is another now, or none. */
  changed(kind: Track, track: MediaStreamTrack | undefined): void;
  /** A device stopped to work by itself. */
  problem(problem: DeviceProblem): void;
}

/** A device was closed, or asked for anew, before it had opened: nobody needs to know. */
export class Withdrawn extends CallingError {
  constructor() {
    super(ErrorCode.wrongState, "the device was closed before it had opened");
  }
}

/** One's own microphone, camera and screen: opened, closed, muted, replaced. */
export class Capture {
  readonly #devices: Devices;
  readonly #listener: CaptureListener;
  readonly #open = new Map<Track, MediaStreamTrack>();
  readonly #opening = new Map<Track, Promise<MediaStreamTrack>>();
  #muted = false;

  constructor(devices: Devices, listener: CaptureListener) {
    this.#devices = devices;
    this.#listener = listener;
  }

  track(kind: Track): MediaStreamTrack | undefined {
    return this.#open.get(kind);
  }

  /** Whether it is open or about to be. */
  isOpen(kind: Track): boolean {
    return this.#open.has(kind) || this.#opening.has(kind);
  }

  /** The open track, or a new one; asked for once, whoever else asks meanwhile. */
  open(kind: Track): Promise<MediaStreamTrack> {
    const open = this.track(kind);
    if (open !== undefined) return Promise.resolve(open);
    return this.#opening.get(kind) ?? this.#start(kind);
  }

  /** Opens it anew, as after another device was chosen. What is open goes on until then. */
  replace(kind: Track): Promise<MediaStreamTrack> {
    return this.#start(kind);
  }

  close(kind: Track): void {
    this.#opening.delete(kind);
    const track = this.#open.get(kind);
    if (track === undefined) return;
    this.#open.delete(kind);
    track.onended = null;
    track.stop();
    this.#listener.changed(kind, undefined);
  }

  closeAll(): void {
    for (const kind of ["audio", "camera", "screen"] as const) this.close(kind);
    this.#muted = false;
  }

  /** A muted microphone stays open and gives silence. */
  setMuted(muted: boolean): void {
    this.#muted = muted;
    const track = this.track("audio");
    if (track !== undefined) track.enabled = !muted;
  }

  #start(kind: Track): Promise<MediaStreamTrack> {
    const opening = this.#ask(kind).then(
      (track) => {
        if (this.#opening.get(kind) !== opening) {
          // Closed, or opened anew, while the person was asked.
          track.stop();
          throw new Withdrawn();
        }
        this.#opening.delete(kind);
        this.#take(kind, track);
        return track;
      },
      (error: unknown) => {
        if (this.#opening.get(kind) === opening) this.#opening.delete(kind);
        throw error;
      },
    );
    this.#opening.set(kind, opening);
    return opening;
  }

  #ask(kind: Track): Promise<MediaStreamTrack> {
    if (kind === "audio") return this.#devices.microphone();
    return kind === "camera" ? this.#devices.camera() : this.#devices.screen();
  }

  #take(kind: Track, track: MediaStreamTrack): void {
    const before = this.#open.get(kind);
    if (before !== undefined) {
      before.onended = null;
      before.stop();
    }
    if (kind === "audio") track.enabled = !this.#muted;
    if (kind === "screen") track.contentHint = "detail";
    track.onended = () => this.#ended(kind, track);
    this.#open.set(kind, track);
    this.#listener.changed(kind, track);
  }

  /** The device ended by itself: unplugged, taken back, or "stop sharing". */
  #ended(kind: Track, track: MediaStreamTrack): void {
    if (this.track(kind) !== track) return;
    this.close(kind);
    if (kind === "screen") return;
    // Another one, if there is; otherwise the person has to know.
    this.open(kind).catch((error: unknown) => {
      if (error instanceof Withdrawn) return;
      this.#listener.problem(problem(nameOf(kind), "unplugged"));
    });
  }
}

function nameOf(kind: Track): DeviceProblem["device"] {
  return kind === "audio" ? "microphone" : kind;
}

import { DeviceError } from "../errors.js";
import type { Device } from "../types.js";
import { deviceError, problem } from "./problems.js";

/** All devices by kind. */
export interface DeviceLists {
  readonly microphones: readonly Device[];
  readonly cameras: readonly Device[];
  readonly speakers: readonly Device[];
}

/** Asks the browser for microphones, cameras and the screen, and remembers what was chosen. */
export class Devices {
  #microphone: string | undefined;
  #camera: string | undefined;
  #facing: "user" | "environment" = "user";

  chooseMicrophone(deviceId: string): void {
    this.#microphone = deviceId;
  }

  chooseCamera(deviceId: string): void {
    this.#camera = deviceId;
  }

  /** A track of the chosen microphone; of any, if that is gone. */
  async microphone(): Promise<MediaStreamTrack> {
    const processing = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    return this.#open("microphone", this.#microphone, (device) => ({
      audio: { ...processing, ...device },
    }));
  }

  /** A track of the chosen camera; of any, if that is gone. */
  async camera(): Promise<MediaStreamTrack> {
    const picture = {
      width: { ideal: 1280 },
      height: { ideal: 720 },
      frameRate: { ideal: 30, max: 30 },
    };
    return this.#open("camera", this.#camera, (device) => ({
      video: { ...picture, facingMode: this.#facing, ...device },
    }));
  }

  /** A track of the screen, window or tab the person chooses. */
  async screen(): Promise<MediaStreamTrack> {
    const media = mediaDevices("screen");
    if (!("getDisplayMedia" in media)) throw new DeviceError(problem("screen", "unsupported"));
    try {
      const stream = await media.getDisplayMedia({
        video: { frameRate: { ideal: 15, max: 30 } },
        audio: false,
      });
      return first(stream, "screen");
    } catch (error) {
      throw deviceError("screen", error);
    }
  }

  /** Chooses the other side on phones, the next camera elsewhere. */
  async nextCamera(present: MediaStreamTrack | undefined): Promise<void> {
    const facing = present?.getSettings().facingMode;
    if (facing === "user" || facing === "environment") {
      this.#facing = facing === "user" ? "environment" : "user";
      this.#camera = undefined;
      return;
    }
    const { cameras } = await this.lists();
    const id = present?.getSettings().deviceId ?? this.#camera;
    const next = cameras[(cameras.findIndex((it) => it.id === id) + 1) % cameras.length];
    if (next !== undefined) this.#camera = next.id;
  }

  async lists(): Promise<DeviceLists> {
    const media = globalThis.navigator.mediaDevices as MediaDevices | undefined;
    const all = (await media?.enumerateDevices()) ?? [];
    const of = (kind: MediaDeviceKind): Device[] =>
      all
        .filter((it) => it.kind === kind && it.deviceId !== "")
        .map((it) => ({ id: it.deviceId, label: it.label }));
    return { microphones: of("audioinput"), cameras: of("videoinput"), speakers: of("audiooutput") };
  }

  /** Calls `changed` when devices come or go; what it returns ends that. */
  watch(changed: () => void): () => void {
    const media = globalThis.navigator.mediaDevices as MediaDevices | undefined;
    media?.addEventListener("devicechange", changed);
    return () => media?.removeEventListener("devicechange", changed);
  }

  async #open(
    kind: "microphone" | "camera",
    chosen: string | undefined,
    constraints: (device: { deviceId?: { exact: string } }) => MediaStreamConstraints,
  ): Promise<MediaStreamTrack> {
    const media = mediaDevices(kind);
    try {
      if (chosen !== undefined) {
        try {
          const device = { deviceId: { exact: chosen } };
          return first(await media.getUserMedia(constraints(device)), kind);
        } catch (error) {
          // Unplugged since it was chosen: any other is better than none.
          if (deviceError(kind, error).problem.reason !== "missing") throw error;
        }
      }
      return first(await media.getUserMedia(constraints({})), kind);
    } catch (error) {
      throw deviceError(kind, error);
    }
  }
}

function mediaDevices(kind: "microphone" | "camera" | "screen"): MediaDevices {
  const media = globalThis.navigator.mediaDevices as MediaDevices | undefined;
  if (media === undefined) throw new DeviceError(problem(kind, "insecure"));
  return media;
}

function first(stream: MediaStream, kind: "microphone" | "camera" | "screen"): MediaStreamTrack {
  const [track] = stream.getTracks();
  if (track === undefined) throw new DeviceError(problem(kind, "missing"));
  return track;
}

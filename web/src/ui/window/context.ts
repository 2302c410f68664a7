import type { CallingApi, Device, UserId } from "../../sdk/index.js";
import type { CallView, ViewEvent } from "../model/call.js";
import type { Directory } from "../model/directory.js";
import type { Texts } from "../texts/index.js";

/** The kinds of device one may choose. */
export type DeviceKind = "microphone" | "camera" | "speaker";

/** What there is to choose from, and what was chosen here (empty: the system's choice). */
export type Devices = Readonly<
  Record<DeviceKind, { readonly list: readonly Device[]; readonly chosen: string }>
>;

/** Which panel is open above the call. */
export type Panel = "none" | "more" | "speaker" | "invite";

/** What a screen of the call window is drawn from. */
export interface Scene {
  readonly view: CallView;
  readonly texts: Texts;
  readonly names: Directory;
  readonly api: CallingApi;
  readonly act: Actions;
  readonly now: number;
  readonly panel: Panel;
  readonly devices: Devices;
  readonly stage: { readonly width: number; readonly height: number };
  readonly isFullScreen: boolean;
  /** Whom one may add, beside those in the call. */
  readonly contacts: readonly UserId[];
}

/** What one can do in the window. */
export interface Actions {
  readonly accept: () => void;
  readonly reject: () => void;
  readonly hangup: () => void;
  readonly again: () => void;
  readonly toggleMic: () => void;
  readonly toggleCamera: () => void;
  readonly flipCamera: () => void;
  readonly toggleScreen: () => void;
  readonly switchMedia: (to: "audio" | "video") => void;
  readonly invite: (users: readonly UserId[]) => void;
  readonly choose: (kind: DeviceKind, id: string) => void;
  readonly fullScreen: () => void;
  readonly playSound: () => void;
  readonly open: (panel: Panel) => void;
  readonly show: (event: ViewEvent) => void;
}

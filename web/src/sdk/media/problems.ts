import { DeviceError } from "../errors.js";
import type { DeviceProblem } from "../types.js";

type Reason = DeviceProblem["reason"];

const NAMES = {
  microphone: "microphone",
  camera: "camera",
  screen: "screen",
  speaker: "loudspeaker",
} as const;

/** The sentence for each reason; `%` is the device. */
const SENTENCES: Record<Reason, string> = {
  denied:
    "The % may not be used here. Allow it in the browser's settings for this site (the icon beside the address), then try again.",
  missing: "No % was found. Plug one in, or choose another device.",
  busy: "The % is there but does not start. Another program may be using it; close that, or plug the device in again.",
  insecure:
    "Browsers offer the % on secure pages alone. Open this page over HTTPS (or on localhost).",
  unsupported: "This browser cannot do that with the %.",
  unplugged: "The % was unplugged. Plug it in again, or choose another one.",
};

/** What is wrong with a device, in plain words. */
export function problem(device: DeviceProblem["device"], reason: Reason): DeviceProblem {
  return { device, reason, message: SENTENCES[reason].replace("%", NAMES[device]) };
}

/**
 * Why `getUserMedia`, `getDisplayMedia` or `setSinkId` failed. The names are those of the Media
 * Capture specification, section 10.2 (and of older browsers).
 */
export function reasonOf(error: unknown): Reason {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "PermissionDeniedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "DevicesNotFoundError":
    case "OverconstrainedError":
    case "ConstraintNotSatisfiedError":
      return "missing";
    case "TypeError":
    case "NotSupportedError":
      return "unsupported";
    default:
      // NotReadableError, AbortError, TrackStartError and whatever drivers come up with.
      return "busy";
  }
}

/** The error of a device for what a browser threw. */
export function deviceError(device: DeviceProblem["device"], error: unknown): DeviceError {
  return error instanceof DeviceError ? error : new DeviceError(problem(device, reasonOf(error)));
}

import type { DeviceProblem } from "./types.js";

/** Codes of docs/protocol.md that a program may want to tell apart. */
export const ErrorCode = {
  rateLimited: -3,
  sessionExpired: -4,
  permissionDenied: -1101,
  notInitialised: -1201,
  badParameter: -1202,
  wrongState: -1203,
  repeated: -1204,
  sceneUnsupported: -1205,
  signallingFailed: -1406,
  userNotFound: -2200,
  mediaFailed: -3301,
  /** A device: see `DeviceError.problem`. */
  device: -1308,
  kickedOffline: 6208,
  inviteNotFound: 8010,
  notYourCall: 8011,
  userSigExpired: 70001,
  userSigEmpty: 70002,
  userSigMalformed: 70003,
  userSigWrongKey: 70009,
  userSigWrongUser: 70013,
  userSigWrongApp: 70014,
  tooManyFailures: 70050,
  internal: 70500,
} as const;

/** Why something failed: a stable code and a sentence that says what to do. */
export class CallingError extends Error {
  override readonly name: string = "CallingError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A device that cannot be used. */
export class DeviceError extends CallingError {
  override readonly name = "DeviceError";
  readonly problem: DeviceProblem;

  constructor(problem: DeviceProblem) {
    super(ErrorCode.device, problem.message);
    this.problem = problem;
  }
}

/** Whether it says that the call is no more, or no longer this device's. */
export function isCallGone(error: unknown): boolean {
  if (!(error instanceof CallingError)) return false;
  return error.code === ErrorCode.inviteNotFound || error.code === ErrorCode.notYourCall;
}

/** What is over already need not be ended. */
export async function goneIsFine(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (isCallGone(error)) return;
    if (!(error instanceof CallingError) || error.code !== ErrorCode.wrongState) throw error;
  }
}

import { CallingError, ErrorCode } from "./errors.js";

/** Where the gateway of a server is. */
export function socketUrl(base: URL): string {
  const url = new URL("/v1/ws", base);
  url.protocol = base.protocol === "https:" || base.protocol === "wss:" ? "wss:" : "ws:";
  return url.href;
}

/** Asks a server which application its UserSigs are for. */
export async function applicationOf(base: URL): Promise<number> {
  const where = new URL("/v1/status", base);
  let status: unknown;
  try {
    status = await (await fetch(where)).json();
  } catch {
    // Told below.
  }
  if (typeof status === "object" && status !== null && "sdk_app_id" in status) {
    if (typeof status.sdk_app_id === "number") return status.sdk_app_id;
  }
  throw new CallingError(
    ErrorCode.signallingFailed,
    `cannot reach the server at ${where.origin}; is it running, and is the address right? (A page of another origin has to pass \`sdkAppId\`.)`,
  );
}

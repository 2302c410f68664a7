import type { CallState } from "./types.js";

const KEY = "calling.call";

/** What a page that is loaded anew has to know to go on with its call. */
export interface KeptCall {
  readonly user: string;
  readonly callId: string;
  /** By the own clock. */
  readonly connectedAt?: number;
  readonly micMuted: boolean;
  readonly camera: boolean;
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/**
 * The call of this tab, kept for as long as the tab is, so that a reload of the page is no hangup.
 * What merely rings here is not kept: the server tells it again.
 */
export class CallKeeper {
  readonly #store: Store | undefined;
  #written: string | undefined;
  #closed = false;

  constructor(store: Store | undefined) {
    this.#store = store;
  }

  /** What the page before this one was in, of this account. */
  of(user: string): KeptCall | undefined {
    try {
      const kept = JSON.parse(this.#store?.getItem(KEY) ?? "null") as Partial<KeptCall> | null;
      if (kept?.user !== user || typeof kept.callId !== "string") return undefined;
      const { callId, connectedAt } = kept;
      const devices = { micMuted: kept.micMuted === true, camera: kept.camera === true };
      const since = typeof connectedAt === "number" ? { connectedAt } : {};
      return { user, callId, ...devices, ...since };
    } catch {
      return undefined;
    }
  }

  /** Keeps the call as it is now; forgets it when there is none. */
  keep(user: string, call: CallState | undefined): void {
    if (this.#closed) return;
    const text = textOf(user, call);
    if (text === this.#written) return;
    this.#written = text;
    try {
      if (text === undefined) this.#store?.removeItem(KEY);
      else this.#store?.setItem(KEY, text);
    } catch {
      // Storage is full or forbidden: a reload ends the call after the server's grace.
    }
  }

  /** The page goes: what is written stays as it is. */
  close(): void {
    this.#closed = true;
  }
}

function textOf(user: string, call: CallState | undefined): string | undefined {
  if (call === undefined || (call.phase !== "connected" && call.phase !== "outgoing")) {
    return undefined;
  }
  const { callId, connectedAt, local } = call;
  const kept: KeptCall = {
    user,
    callId,
    micMuted: local.micMuted,
    camera: local.camera,
    ...(connectedAt !== undefined && { connectedAt }),
  };
  return JSON.stringify(kept);
}

/** The tab's storage, unless it is forbidden or there is none. */
export function tabStorage(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

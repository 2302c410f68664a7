import { randomId } from "./chat.js";

const KEY = "calling.device";
/** How long the page before a reload may take to let go of the id, in milliseconds. */
const RELEASE_MS = 1_000;

/**
 * The id of this tab as a device: kept across reloads, so that the same device comes back, and
 * never shared by two tabs. A duplicated tab takes the first one's storage with it; the lock tells.
 */
export async function deviceId(): Promise<string> {
  const known = read();
  if (known !== undefined && (await claim(known, isReload() ? RELEASE_MS : 0))) return known;
  const fresh = `web-${randomId()}`;
  await claim(fresh, 0);
  try {
    sessionStorage.setItem(KEY, fresh);
  } catch {
    // Storage is forbidden here: each load of the page is a device of its own.
  }
  return fresh;
}

const claimed = new Set<string>();

/** Loaded anew in the same tab: whoever holds the id is the page before, and about to go. */
function isReload(): boolean {
  const [navigation] = performance.getEntriesByType("navigation");
  return (navigation as PerformanceNavigationTiming | undefined)?.type === "reload";
}

/** Holds a lock named after the id for as long as the page lives, if it is free within `ms`. */
function claim(id: string, ms: number): Promise<boolean> {
  if (claimed.has(id)) return Promise.resolve(true);
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    const how = ms === 0 ? { ifAvailable: true } : { signal: AbortSignal.timeout(ms) };
    const held = locks.request(`${KEY}.${id}`, how, (lock) => {
      resolve(lock !== null);
      if (lock === null) return undefined;
      claimed.add(id);
      return new Promise<never>(() => undefined);
    });
    // Not within its time; or there are no locks here at all.
    held.catch((error: unknown) => {
      resolve(!(error instanceof DOMException && error.name === "TimeoutError"));
    });
  });
}

function read(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

import { randomId } from "./chat.js";

const KEY = "calling.device";

/**
 * The id of this tab as a device: kept across reloads, so that the same device comes back, and
 * never shared by two tabs. A duplicated tab takes the first one's storage with it; the lock tells.
 */
export async function deviceId(): Promise<string> {
  const known = read();
  if (known !== undefined && (await claim(known))) return known;
  const fresh = `web-${randomId()}`;
  await claim(fresh);
  try {
    sessionStorage.setItem(KEY, fresh);
  } catch {
    // Storage is forbidden here: each load of the page is a device of its own.
  }
  return fresh;
}

const claimed = new Set<string>();

/** Holds a lock named after the id for as long as the page lives. */
function claim(id: string): Promise<boolean> {
  if (claimed.has(id)) return Promise.resolve(true);
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    const held = locks.request(`${KEY}.${id}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      if (lock === null) return undefined;
      claimed.add(id);
      return new Promise<never>(() => undefined);
    });
    held.catch(() => resolve(true));
  });
}

function read(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

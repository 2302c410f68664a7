/** What a page goes through. */
export interface LifecycleListener {
  /** The page is looked at again, or the machine slept: is everything still there? */
  woke(): void;
  /** Another network, or the same one again. */
  networkChanged(): void;
  /** The page is closed, or loaded anew. */
  leaving(): void;
}

/** How often to look whether time was lost, and how much of it is sleep, in milliseconds. */
const LOOK_MS = 5_000;
const SLEPT_MS = 20_000;

/** Watches the page; what it returns ends that. */
export function watchPage(listener: LifecycleListener): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const visible = (): void => {
    if (document.visibilityState === "visible") listener.woke();
  };
  document.addEventListener("visibilitychange", visible, { signal });
  window.addEventListener("pageshow", () => listener.woke(), { signal });
  window.addEventListener(
    "pagehide",
    ({ persisted }) => {
      if (!persisted) listener.leaving();
    },
    { signal },
  );
  const network = (): void => {
    listener.networkChanged();
    listener.woke();
  };
  window.addEventListener("online", network, { signal });
  const { connection } = navigator as { connection?: EventTarget };
  connection?.addEventListener("change", network, { signal });
  let looked = Date.now();
  const look = setInterval(() => {
    const slept = Date.now() - looked > SLEPT_MS;
    looked = Date.now();
    if (slept) listener.woke();
  }, LOOK_MS);
  return () => {
    stop.abort();
    clearInterval(look);
  };
}

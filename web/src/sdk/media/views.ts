import type { UserId, VideoSize, VideoTrack } from "../types.js";
import { keyOf, type Wanted } from "./places.js";

interface View {
  readonly user: UserId;
  readonly track: VideoTrack;
  readonly size: VideoSize;
}

/** What views tell. */
export interface ViewsListener {
  firstFrame(user: UserId, track: VideoTrack, width: number, height: number): void;
}

/** Which elements show whose pictures. */
export class Views {
  readonly #listener: ViewsListener;
  readonly #remote = new Map<HTMLVideoElement, View>();
  readonly #local = new Map<HTMLVideoElement, VideoTrack>();
  #received = new Map<string, MediaStreamTrack>();
  readonly #own = new Map<VideoTrack, MediaStreamTrack>();
  /** Pictures that were seen already: the first frame is told once. */
  readonly #seen = new Set<MediaStreamTrack>();

  constructor(listener: ViewsListener) {
    this.#listener = listener;
  }

  start(element: HTMLVideoElement, view: View): void {
    this.#local.delete(element);
    this.#remote.set(element, view);
    this.#show(element, this.#received.get(keyOf(view)), view);
  }

  /** Another size for the views of `user`. */
  resize(user: UserId, track: VideoTrack, size: VideoSize): void {
    for (const [element, view] of this.#remote) {
      if (view.user === user && view.track === track) this.#remote.set(element, { ...view, size });
    }
  }

  /** Ends the views of `user`, or the one in `element`. */
  stop(user: UserId, track: VideoTrack, element: HTMLVideoElement | undefined): void {
    for (const [shown, view] of [...this.#remote]) {
      if (view.user !== user || view.track !== track) continue;
      if (element !== undefined && shown !== element) continue;
      this.#remote.delete(shown);
      shown.srcObject = null;
    }
  }

  startLocal(element: HTMLVideoElement, track: VideoTrack): void {
    this.#remote.delete(element);
    this.#local.set(element, track);
    this.#show(element, this.#own.get(track));
  }

  stopLocal(element: HTMLVideoElement): void {
    if (this.#local.delete(element)) element.srcObject = null;
  }

  /** One's own picture began or ended. */
  own(kind: VideoTrack, track: MediaStreamTrack | undefined): void {
    if (track === undefined) this.#own.delete(kind);
    else this.#own.set(kind, track);
    for (const [element, shown] of this.#local) if (shown === kind) this.#show(element, track);
  }

  /** All pictures that are received now. */
  received(tracks: readonly { wanted: Wanted; track: MediaStreamTrack }[]): void {
    this.#received = new Map(tracks.map(({ wanted, track }) => [keyOf(wanted), track]));
    for (const [element, view] of this.#remote) {
      this.#show(element, this.#received.get(keyOf(view)), view);
    }
  }

  /** What there are views for, each at the largest size anybody shows it. */
  wanted(): View[] {
    const views = new Map<string, View>();
    for (const view of this.#remote.values()) {
      const key = keyOf(view);
      if (views.get(key)?.size !== "large") views.set(key, view);
    }
    return [...views.values()];
  }

  #show(element: HTMLVideoElement, track: MediaStreamTrack | undefined, view?: View): void {
    const present = element.srcObject instanceof MediaStream ? element.srcObject : undefined;
    if (present?.getTracks()[0] === track) return;
    if (track === undefined) {
      element.srcObject = null;
      return;
    }
    // The sound has players of its own.
    element.muted = true;
    element.autoplay = true;
    element.playsInline = true;
    element.srcObject = new MediaStream([track]);
    element.play().catch(() => undefined);
    if (view !== undefined) this.#watch(element, track, view);
  }

  #watch(element: HTMLVideoElement, track: MediaStreamTrack, { user, track: kind }: View): void {
    if (this.#seen.has(track)) return;
    const seen = (): void => {
      const { videoWidth: width, videoHeight: height } = element;
      if (this.#seen.has(track) || this.#received.get(keyOf({ user, track: kind })) !== track) return;
      this.#seen.add(track);
      this.#listener.firstFrame(user, kind, width, height);
    };
    if ("requestVideoFrameCallback" in element) element.requestVideoFrameCallback(seen);
    else (element as HTMLVideoElement).addEventListener("loadeddata", seen, { once: true });
  }
}

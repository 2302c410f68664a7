import type { Track, UserId, VideoSize } from "../types.js";
import type { Subscription } from "../wire.js";

/** What is to be received. */
export interface Wanted {
  readonly user: UserId;
  readonly track: Track;
  /** Of pictures. */
  readonly size?: VideoSize;
  /** Which entry of theirs into the room it is of: who comes again has to be asked for again. */
  readonly entry: number;
}

/** A section that receives something. */
interface Place {
  wanted: Wanted;
  readonly transceiver: RTCRtpTransceiver;
}

export function keyOf({ user, track }: { user: UserId; track: Track }): string {
  return `${track}/${user}`;
}

/**
 * Which section of the peer connection receives whose sound and pictures.
 *
 * A section of sound that is free is used again, so that people who come and go do not make the
 * offer grow. One of pictures is stopped instead, and the next takes its line in the offer: in
 * Chromium a video element shows nothing of a track whose section was inactive in between, though
 * its pictures are decoded.
 */
export class Places {
  readonly #connection: Pick<RTCPeerConnection, "addTransceiver" | "getTransceivers">;
  readonly #places = new Map<string, Place>();
  /** Sections that send; they are never given away. */
  readonly #own = new Set<RTCRtpTransceiver>();

  constructor(connection: Pick<RTCPeerConnection, "addTransceiver" | "getTransceivers">) {
    this.#connection = connection;
  }

  /** Marks a section as one that sends. */
  keep(transceiver: RTCRtpTransceiver): void {
    this.#own.add(transceiver);
  }

  /** Gives everything wanted a section and frees the others. Returns whether an offer is needed. */
  arrange(wanted: readonly Wanted[]): boolean {
    const keys = new Set(wanted.map(keyOf));
    let changed = false;
    for (const [key, { transceiver }] of [...this.#places]) {
      if (keys.has(key)) continue;
      release(transceiver);
      this.#places.delete(key);
      changed = true;
    }
    for (const it of wanted) {
      const known = this.#places.get(keyOf(it));
      if (known === undefined) {
        this.#places.set(keyOf(it), { wanted: it, transceiver: this.#take(it) });
        changed = true;
        continue;
      }
      // What the server did not serve when it was last asked is asked for again.
      changed ||= known.wanted.entry !== it.entry || !isServed(known.transceiver);
      known.wanted = it;
    }
    return changed;
  }

  /** `subscribe` of an offer; valid once the offer is the local description. */
  subscriptions(): Record<string, Subscription> {
    const subscribe: Record<string, Subscription> = {};
    for (const { wanted, transceiver } of this.#places.values()) {
      const { user, track, size } = wanted;
      if (transceiver.mid === null) continue;
      subscribe[transceiver.mid] = { user, track, ...(size !== undefined && { size }) };
    }
    return subscribe;
  }

  /** What is received, with its track. */
  served(): { wanted: Wanted; track: MediaStreamTrack }[] {
    return [...this.#places.values()]
      .filter(({ transceiver }) => isServed(transceiver))
      .map(({ wanted, transceiver }) => ({ wanted, track: transceiver.receiver.track }));
  }

  /** Whose sound the section `mid` carries. */
  userOf(mid: string): UserId | undefined {
    for (const { wanted, transceiver } of this.#places.values()) {
      if (transceiver.mid === mid && wanted.track === "audio") return wanted.user;
    }
    return undefined;
  }

  #take({ track }: Wanted): RTCRtpTransceiver {
    const kind = track === "audio" ? "audio" : "video";
    const taken = new Set([...this.#places.values()].map((it) => it.transceiver));
    const free = this.#connection
      .getTransceivers()
      .find(
        (it) =>
          it.direction === "inactive" &&
          it.receiver.track.kind === kind &&
          !taken.has(it) &&
          !this.#own.has(it),
      );
    if (free === undefined) return this.#connection.addTransceiver(kind, { direction: "recvonly" });
    free.direction = "recvonly";
    return free;
  }
}

function release(transceiver: RTCRtpTransceiver): void {
  if (transceiver.direction === "stopped") return;
  if (transceiver.receiver.track.kind === "video") transceiver.stop();
  else transceiver.direction = "inactive";
}

function isServed({ currentDirection }: RTCRtpTransceiver): boolean {
  return currentDirection === "recvonly" || currentDirection === "sendrecv";
}

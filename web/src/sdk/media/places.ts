import type { Track, UserId, VideoSize } from "../types.js";
import type { Subscription } from "../wire.js";
import { sectionsOf } from "./sections.js";

/** What is to be received. */
export interface Wanted {
  readonly user: UserId;
  readonly track: Track;
  /** Of pictures. */
  readonly size?: VideoSize;
  /**
   * Under which SSRC it comes, once they are in the room. It was reserved for them while it rang;
   * who comes again does so under another, and has to be asked for again.
   */
  readonly ssrc?: number;
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
  /** Under which SSRC a section receives, by mid, as the newest answer says. */
  #agreed: ReadonlyMap<string, number> = new Map();

  constructor(connection: Pick<RTCPeerConnection, "addTransceiver" | "getTransceivers">) {
    this.#connection = connection;
  }

  /** Marks a section as one that sends. */
  keep(transceiver: RTCRtpTransceiver): void {
    this.#own.add(transceiver);
  }

  /** Takes the answer to the offer that is the local description. */
  answered(sdp: string): void {
    this.#agreed = streamsOf(sdp);
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
      changed ||= !this.#comes(it, known.transceiver);
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

  /** Whether it comes in this section, or will once they are in the room. */
  #comes({ ssrc }: Wanted, transceiver: RTCRtpTransceiver): boolean {
    if (!isServed(transceiver)) return false;
    return ssrc === undefined || this.#agreed.get(transceiver.mid ?? "") === ssrc;
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

/** The first SSRC of each section, by mid. */
function streamsOf(sdp: string): Map<string, number> {
  const streams = new Map<string, number>();
  for (const [mid, section] of sectionsOf(sdp)) {
    const ssrc = /^a=ssrc:(\d+)/m.exec(section)?.[1];
    if (ssrc !== undefined) streams.set(mid, Number(ssrc));
  }
  return streams;
}

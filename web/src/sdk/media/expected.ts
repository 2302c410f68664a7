import type { Input, Model } from "../model.js";
import type { CallMember, CallState, Track, UserId } from "../types.js";
import type { WireEvent } from "../wire.js";
import type { Wanted } from "./places.js";

/** Of more people the places are agreed on as they come: an offer has its bounds. */
const MOST_EXPECTED = 8;

/**
 * Whose sound and pictures there are to be places for.
 *
 * What is agreed on while it rings needs no round trip once somebody has answered: so there are
 * places for those who are rung, too, and in a video call for their cameras, though no element
 * shows them yet.
 */
export class Expected {
  /** The SSRCs that were told of those in the room. */
  readonly #streams = new Map<UserId, ReadonlyMap<Track, number>>();
  /** For their cameras there are places only where something shows them. */
  #settled: ReadonlySet<UserId> = new Set();

  /** Notes an event; whether somebody is in the room under streams that were not known. */
  told({ event, params }: WireEvent): boolean {
    if (event !== "user_entered") return false;
    const { user, audio_ssrc, video = [] } = params;
    if (this.#streams.get(user)?.get("audio") === audio_ssrc) return false;
    const pictures = video.map(({ track, ssrc }): [Track, number] => [track, ssrc]);
    this.#streams.set(user, new Map<Track, number>([["audio", audio_ssrc], ...pictures]));
    return true;
  }

  /** Whoever is in the room has been there for a while. */
  settle(): void {
    this.#settled = new Set(this.#streams.keys());
  }

  clear(): void {
    this.#streams.clear();
    this.#settled = new Set();
  }

  /** What to receive of `others`; `shown` is what there are elements for. */
  wanted(call: CallState, me: UserId, shown: readonly Omit<Wanted, "ssrc">[]): Wanted[] {
    const users = whose(call, me);
    const sounds = users.map((user) => this.#want({ user, track: "audio" }));
    const views = shown.filter(({ user }) => users.includes(user));
    const hasView = (user: UserId): boolean =>
      views.some((it) => it.user === user && it.track === "camera");
    const early = users
      .filter((user) => call.mediaType === "video" && !this.#settled.has(user) && !hasView(user))
      .map((user) => ({ user, track: "camera", size: call.isGroup ? "small" : "large" }) as const);
    return [...sounds, ...[...views, ...early].map((it) => this.#want(it))];
  }

  #want(it: Omit<Wanted, "ssrc">): Wanted {
    const ssrc = this.#streams.get(it.user)?.get(it.track);
    return { ...it, ...(ssrc !== undefined && { ssrc }) };
  }
}

/** Those in the room, and of those who may come as many as there is reason to expect. */
function whose({ members }: CallState, me: UserId): UserId[] {
  const others = members.filter((it) => it.user !== me);
  const inside = others.filter((it) => it.entered);
  const room = Math.max(0, MOST_EXPECTED - inside.length);
  const expected = others.filter((it) => !it.entered && mayCome(it)).slice(0, room);
  return [...inside, ...expected].map((it) => it.user);
}

function mayCome({ state }: CallMember): boolean {
  return state === "pending" || state === "connected";
}

/** The events that an input brings: those that were kept while a call was placed come with it. */
export function eventsOf(input: Input, { early }: Model): readonly WireEvent[] {
  if (input.kind === "event") return [input.event];
  return input.kind === "placed" ? early : [];
}

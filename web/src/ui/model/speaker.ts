import type { CallMember, UserId } from "../../sdk/index.js";

/** The least volume, of 100, that counts as speaking. */
export const SPEAKS_FROM = 12;

/** By how much somebody has to be louder than who speaks, to take the word. */
export const LOUDER_BY = 15;

/** What of a person decides. */
export type Voice = Pick<CallMember, "user" | "state" | "volume">;

/** Who speaks: whoever did, unless another one is clearly louder. */
export function nextSpeaker(
  current: UserId | undefined,
  people: readonly Voice[],
): UserId | undefined {
  const present = people.filter((it) => it.state === "connected");
  const speaking = present.find((it) => it.user === current);
  const loudest = present.reduce<Voice | undefined>(
    (best, it) => (it.volume > (best?.volume ?? 0) ? it : best),
    undefined,
  );
  if (loudest === undefined || loudest.volume < SPEAKS_FROM) return speaking?.user;
  if (speaking === undefined || speaking.volume < SPEAKS_FROM) return loudest.user;
  return loudest.volume < speaking.volume + LOUDER_BY ? speaking.user : loudest.user;
}

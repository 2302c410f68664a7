import type { Profile } from "../../sdk/index.js";

/** `mm:ss`, and `h:mm:ss` from an hour on. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  if (minutes < 60) return `${two(minutes)}:${rest}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

// Control characters, and the line and paragraph separators of Unicode.

const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/gu;
// The explicit directional formatting characters of Unicode Standard Annex 9, section 2.
const TURNS = /[\u202a-\u202e\u2066-\u2069]/gu;

/** A name as it may stand on a line: others chose it. */
export function onOneLine(name: string): string {
  return name.replace(TURNS, "").replace(BREAKS, " ").trim();
}

/** The name to show for an account: what the reader calls them, what they call themselves, the id. */
export function nameOf(
  user: string,
  profile: Pick<Profile, "nickname" | "remark"> | undefined,
): string {
  const names = [profile?.remark, profile?.nickname].map((name) => onOneLine(name ?? ""));
  return names.find((name) => name !== "") ?? user;
}

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = onOneLine(name)
    .split(/[\s_-]+/u)
    .filter((word) => word !== "");
  const letters = words.map((word) => lettersOf(word)[0] ?? "");
  const [first = "?", last] = [letters[0], letters.length > 1 ? letters.at(-1) : undefined];
  // A Chinese name is known by its last character.
  if (/\p{Script=Han}/u.test(first)) return lettersOf(onOneLine(name)).slice(-2).join("");
  return (first + (last ?? "")).toUpperCase();
}

const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** What a reader takes for one letter each. */
function lettersOf(text: string): readonly string[] {
  return Array.from(segments.segment(text), (it) => it.segment);
}

/** White letters on each of these have a contrast of 4.5 or more. */
const COLOURS = [
  "#0c6b53",
  "#1f5fa8",
  "#7a4bb5",
  "#a8436b",
  "#a3482f",
  "#4b57b8",
  "#3f6b2a",
  "#2b6b78",
] as const;

/** The colour an account keeps everywhere. */
export function colourOf(user: string): string {
  // FNV-1a: names that differ by a letter get different colours.
  let hash = 0x811c9dc5;
  for (const char of user) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return COLOURS[(hash >>> 8) % COLOURS.length] ?? COLOURS[0];
}

/** The longest picture that an avatar may carry in itself, in characters. */
const MAX_DATA_URL = 64 * 1024;

/**
 * The address of an avatar that may be loaded: a picture of this page's own server, or one that is
 * written in the address itself. `undefined` for all others: a page asks no strangers.
 */
export function avatarUrl(avatar: string, page: string): string | undefined {
  if (avatar === "") return undefined;
  if (/^data:image\/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+$/u.test(avatar)) {
    return avatar.length <= MAX_DATA_URL ? avatar : undefined;
  }
  try {
    const url = new URL(avatar, page);
    const isOwn = url.origin === new URL(page).origin;
    return isOwn && /^https?:$/u.test(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** When a message was sent, short: the time today, `Yesterday`, the weekday, the date. */
export function when(at: number, now: number, language: string, yesterday: string): string {
  const [then, today] = [new Date(at), new Date(now)];
  const days = Math.round((midnight(today) - midnight(then)) / 86_400_000);
  if (days <= 0) return timeOf(at, language);
  if (days === 1) return yesterday;
  const format: Intl.DateTimeFormatOptions =
    days < 7
      ? { weekday: "short" }
      : then.getFullYear() === today.getFullYear()
        ? { month: "short", day: "numeric" }
        : { year: "numeric", month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(language, format).format(then);
}

/** Hours and minutes. */
export function timeOf(at: number, language: string): string {
  const format: Intl.DateTimeFormatOptions = {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  };
  return new Intl.DateTimeFormat(language, format).format(new Date(at));
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/**
 * The texts of calls: those of the crate `calling-callrecord`, read from the same files and tested
 * against what it writes.
 */
import en from "../../../../crates/callrecord/locales/en.ftl?raw";
import zhHans from "../../../../crates/callrecord/locales/zh-Hans.ftl?raw";
import zhHant from "../../../../crates/callrecord/locales/zh-Hant.ftl?raw";
import type { UserId } from "../../sdk/index.js";
import type { CallMessage, Signal } from "./call-message.js";
import { FluentTexts } from "./fluent.js";
import type { Language } from "./languages.js";

const SOURCES: Readonly<Record<Language, string>> = { en, "zh-Hans": zhHans, "zh-Hant": zhHant };

/** What a program says around a call. */
export type Phrase =
  | "peer-rejected"
  | "peer-busy"
  | "peer-no-response"
  | "peer-hung-up"
  | "waiting"
  | "invites-voice"
  | "invites-video"
  | "invites-group"
  | "connected"
  | "in-call"
  | "new-call";

/** Which side of a call somebody was on. */
export type Role = "caller" | "callee";

/** `mm:ss`, minutes without bound: 3725 is `62:05`. */
export function showTime(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}

/** The call texts of one language. */
export class CallTexts {
  readonly #texts: FluentTexts;

  constructor(readonly language: Language) {
    this.#texts = new FluentTexts(language, SOURCES[language]);
  }

  /** What stands for a custom message that is no call message. */
  get custom(): string {
    return this.#texts.get("custom");
  }

  /** What a program says around a call. */
  phrase(phrase: Phrase): string {
    return this.#texts.get(`phrase-${phrase}`);
  }

  /** A call of two, as the reader on side `role` understands it; `""` if it is not shown. */
  direct(message: CallMessage, role: Role): string {
    if (message.isSilent) return "";
    const { signal } = message;
    const time = signal?.kind === "hangup" ? showTime(signal.seconds) : "";
    return this.#texts.get(directId(signal, role), { kind: this.#kind(message), time });
  }

  /** A call of a group, as everybody in it understands it; `""` if it is not shown. */
  group(message: CallMessage, nameOf: (user: UserId) => string): string {
    if (message.isSilent) return "";
    const name = message.inviter === undefined ? this.#somebody : nameOf(message.inviter);
    const all = message.invitees.map(nameOf);
    const names = all.length === 0 ? this.#somebody : this.list(all);
    return this.#texts.get(groupId(message.signal), { name, names });
  }

  /** The line of a conversation of two in a list. */
  summary(message: CallMessage): string {
    return this.#summary(message, message.isSilent ? undefined : this.#what(message));
  }

  /** The line of a group's conversation in a list: groups are not told how long they talked. */
  groupSummary(message: CallMessage, nameOf: (user: UserId) => string): string {
    const isTold = !message.isSilent && message.signal !== undefined;
    return this.#summary(message, isTold ? this.group(message, nameOf) : undefined);
  }

  /** Names in a row, as the language joins them. */
  list(names: readonly string[]): string {
    const last = names.at(-1) ?? "";
    if (names.length < 2) return last;
    const first = names.slice(0, -1).join(this.#texts.get("list-separator"));
    return first + this.#texts.get("list-last") + last;
  }

  /** How many people are in a running call. */
  inCall(count: number): string {
    return this.#texts.get("in-call", { count });
  }

  /** How many calls were missed. */
  missedCalls(count: number): string {
    return this.#texts.get("missed-calls", { count });
  }

  /** A duration in words, for whom it is read out. Units of which there are none are left out. */
  durationInWords(seconds: number): string {
    const units = [
      ["hours", Math.floor(seconds / 3600)],
      ["minutes", Math.floor(seconds / 60) % 60],
      ["seconds", seconds % 60],
    ] as const;
    const told = units.filter(([unit, n]) => n > 0 || (unit === "seconds" && seconds === 0));
    const words = told.map(([unit, count]) => this.#texts.get(unit, { count }));
    return words.join(this.#texts.get("duration-separator"));
  }

  /** What became of a call that ended without a conversation. */
  outcome(what: "reject" | "cancel" | "timeout" | "busy", role: Role): string {
    return this.#texts.get(`direct-${what}-${role}`);
  }

  /** How long a conversation lasted. */
  talked(seconds: number): string {
    return this.#texts.get("direct-hangup", { time: showTime(seconds) });
  }

  /** "Voice call" or "Video call". */
  kind(media: "audio" | "video"): string {
    return this.#texts.get(media === "audio" ? "kind-voice" : "kind-video");
  }

  get #somebody(): string {
    return this.#texts.get("somebody");
  }

  #summary(message: CallMessage, what: string | undefined): string {
    const kind = this.#kind(message);
    return what === undefined
      ? this.#texts.get("summary-plain", { kind })
      : this.#texts.get("summary", { kind, what });
  }

  /** What does not say is video, as elsewhere; or just a call, when it is not understood anyway. */
  #kind({ media, signal }: CallMessage): string {
    if (media === "audio") return this.#texts.get("kind-voice");
    const isVideo = media === "video" || signal !== undefined;
    return this.#texts.get(isVideo ? "kind-video" : "kind-unknown");
  }

  #what({ signal, action, callEnd = 0 }: CallMessage): string | undefined {
    if (signal === undefined) return undefined;
    if (action !== 2 && callEnd > 0) return this.#texts.get("talked", { time: showTime(callEnd) });
    if (signal.kind === "hangup") return this.#texts.get("ended");
    const name = ACTIONS[action];
    return name === undefined ? undefined : this.#texts.get(name);
  }
}

const ACTIONS: Readonly<Record<number, string>> = {
  1: "action-send",
  2: "action-cancel",
  3: "action-accept",
  4: "action-reject",
  5: "action-timeout",
};

function directId(signal: Signal | undefined, role: Role): string {
  if (signal === undefined) return "kind-unknown";
  switch (signal.kind) {
    case "invite":
      return "direct-send";
    case "accept":
      return "direct-accept";
    case "hangup":
      return "direct-hangup";
    case "switch":
      return `direct-switch-to-${signal.to}`;
    case "switchAccepted":
      return `direct-switch-to-${signal.to}-confirm`;
    case "cancel":
    case "reject":
    case "busy":
    case "timeout":
      return `direct-${signal.kind}-${role}`;
    case "internal":
      return "";
  }
}

function groupId(signal: Signal | undefined): string {
  if (signal === undefined) return "kind-unknown";
  switch (signal.kind) {
    case "invite":
      return "group-send";
    case "cancel":
    case "hangup":
      return "group-end";
    case "switch":
      return `group-switch-to-${signal.to}`;
    case "switchAccepted":
      return `group-switch-to-${signal.to}-confirm`;
    case "accept":
    case "reject":
    case "busy":
    case "timeout":
      return `group-${signal.kind}`;
    case "internal":
      return "";
  }
}

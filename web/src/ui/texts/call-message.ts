/**
 * Reads call messages of every generation as a conversation shows them: the counterpart of
 * `CallingMessage` of the crate `calling-callrecord`, against whose output it is tested.
 */
import type { MediaType, UserId } from "../../sdk/index.js";
import { filled, flag, integer, natural, parseObject, text, type Json } from "./loose.js";

/** What a call message means. `internal`: only programs tell it each other. */
export type Signal =
  | { readonly kind: "invite"; readonly media: MediaType }
  | { readonly kind: "hangup"; readonly seconds: number }
  | { readonly kind: "switch" | "switchAccepted"; readonly to: MediaType }
  | { readonly kind: "cancel" | "accept" | "reject" | "busy" | "timeout" | "internal" };

/** A call message. */
export interface CallMessage {
  readonly action: number;
  /** Who sent the invite; of a hangup, who sent the hangup. */
  readonly inviter: UserId | undefined;
  /** Who placed the call. */
  readonly caller: UserId | undefined;
  /** Who is invited, answers or did not answer. */
  readonly invitees: readonly UserId[];
  readonly media: MediaType | undefined;
  /** Conversation time in seconds, as it stands there. */
  readonly callEnd: number | undefined;
  readonly isGroup: boolean;
  /** `undefined` when it is about a call and nothing more is understood of it. */
  readonly signal: Signal | undefined;
  /** Not shown: somebody left and the call went on, or an invite into a call under way. */
  readonly isSilent: boolean;
}

/** The longest message that is read, in bytes. */
const MAX_BYTES = 64 * 1024;
/** The newest version of payloads that is understood. */
const MAX_VERSION = 4;

/** Reads the text of a custom message; `undefined` if it is no call message. */
export function parseCallMessage(source: string): CallMessage | undefined {
  if (source.length > MAX_BYTES) return undefined;
  const envelope = parseObject(source);
  if (envelope === undefined || integer(envelope, "businessID") !== 1) return undefined;
  const payload = inner(envelope["data"]);
  if (payload === undefined) return undefined;
  const business = filled(payload, "businessID");
  const isNamed = business !== undefined && !["1", "1.0"].includes(business);
  if (isNamed && business !== "av_call" && business !== "rtc_call") return undefined;
  const data = objectAt(payload, "data") ?? {};
  if (!isNamed && mediaOf(payload) === undefined && (text(data, "cmd") ?? "") === "") {
    return undefined;
  }
  return message(envelope, payload, data, business);
}

function message(
  envelope: Json,
  payload: Json,
  data: Json,
  business: string | undefined,
): CallMessage {
  const action = integer(envelope, "actionType") ?? 0;
  const isNewer = (natural(payload, "version") ?? 0) > MAX_VERSION && business !== "rtc_call";
  const isKnown = action >= 1 && action <= 6 && !isNewer;
  const isUnnamed = business !== "av_call" && business !== "rtc_call";
  const groupId = filled(envelope, "groupID");
  const isGroup = groupId !== undefined || (isKnown && flag(payload, "is_group") === true);
  const signal = isKnown ? signalOf({ action, payload, data, isGroup, isUnnamed }) : undefined;
  const inviter = filled(envelope, "inviter");
  return {
    action,
    inviter,
    caller: filled(data, "inviter") ?? inviter,
    invitees: isKnown ? listAt(envelope, "inviteeList") : [],
    media: mediaOf(payload),
    callEnd: isKnown ? natural(payload, "call_end") : undefined,
    isGroup,
    signal,
    isSilent: signal !== undefined && isSilent(signal, data),
  };
}

function isSilent(signal: Signal, data: Json): boolean {
  switch (signal.kind) {
    case "internal":
      return true;
    case "hangup":
      return flag(data, "excludeFromHistoryMessage") !== undefined;
    case "invite":
      return (text(data, "initialCallId") ?? "") !== "";
    default:
      return false;
  }
}

interface Parts {
  readonly action: number;
  readonly payload: Json;
  readonly data: Json;
  readonly isGroup: boolean;
  readonly isUnnamed: boolean;
}

const SIMPLE = { 2: "cancel", 3: "accept", 5: "timeout" } as const;

function signalOf(parts: Parts): Signal | undefined {
  const { action, payload, data } = parts;
  if (action === 1) return inviteSignal(parts);
  if (action === 6) return { kind: "internal" };
  const to = switchTarget(payload, data);
  if (to !== undefined && action !== 2) {
    return action === 3 ? { kind: "switchAccepted", to } : { kind: "internal" };
  }
  if (action === 4) return { kind: isBusy(payload, data) ? "busy" : "reject" };
  return { kind: SIMPLE[action as keyof typeof SIMPLE] };
}

function inviteSignal(parts: Parts): Signal | undefined {
  const { payload, data, isGroup } = parts;
  const hangup = { kind: "hangup", seconds: secondsOf(payload, data) } as const;
  switch (text(data, "cmd") ?? "") {
    case "audioCall":
      return endsDespiteCommand(parts) ? hangup : { kind: "invite", media: "audio" };
    case "videoCall":
      return endsDespiteCommand(parts) ? hangup : { kind: "invite", media: "video" };
    case "hangup":
      return hangup;
    case "switchToAudio":
      return { kind: "switch", to: "audio" };
    case "switchToVideo":
      return { kind: "switch", to: "video" };
    case "sync_info":
      return isSyncInfo(payload) ? { kind: "internal" } : undefined;
    case "":
      break;
    default:
      return undefined;
  }
  if (legacySwitch(payload) === true) return { kind: "switch", to: "audio" };
  const end = natural(payload, "call_end");
  if (end !== undefined && (end > 0 || isGroup)) return hangup;
  const media = mediaOf(payload);
  return media === undefined ? undefined : { kind: "invite", media };
}

/** The Flutter plugin writes its command into every message, its ends included. */
function endsDespiteCommand({ payload, isGroup, isUnnamed }: Parts): boolean {
  const end = natural(payload, "call_end");
  if (end === undefined) return false;
  return end > 0 || (isUnnamed && isGroup);
}

function isSyncInfo(payload: Json): boolean {
  const action = integer(payload, "call_action");
  return action !== undefined && action >= 1 && action <= 10;
}

function secondsOf(payload: Json, data: Json): number {
  const end = natural(payload, "call_end");
  if (end !== undefined) return end;
  const told = Number((filled(data, "cmdInfo") ?? filled(data, "cmd_info") ?? "").trim());
  return Number.isFinite(told) ? Math.max(0, Math.trunc(told)) : 0;
}

function switchTarget(payload: Json, data: Json): MediaType | undefined {
  const command = text(data, "cmd") ?? "";
  if (command === "switchToAudio") return "audio";
  if (command === "switchToVideo") return "video";
  return command === "" && legacySwitch(payload) !== undefined ? "audio" : undefined;
}

/** `"switch_to_audio_call"` or `"switchToAudio"`; iOS answers with 1 or 0. */
function legacySwitch(payload: Json): boolean | undefined {
  const value = payload["switch_to_audio_call"];
  if (typeof value === "string") return value === "" ? undefined : true;
  return flag(payload, "switch_to_audio_call");
}

function isBusy(payload: Json, data: Json): boolean {
  const mark = payload["line_busy"];
  return typeof mark === "string" || mark === true || text(data, "message") === "lineBusy";
}

function mediaOf(payload: Json): MediaType | undefined {
  const type = integer(payload, "call_type");
  return type === 1 ? "audio" : type === 2 ? "video" : undefined;
}

function inner(data: unknown): Json | undefined {
  if (typeof data === "string") return parseObject(data);
  return isObject(data) ? data : undefined;
}

function objectAt(object: Json, key: string): Json | undefined {
  const value = object[key];
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listAt(object: Json, key: string): readonly string[] {
  const list = object[key];
  return Array.isArray(list) ? list.filter((it): it is string => typeof it === "string") : [];
}

/** Whether `reader` was called in vain. */
export function isMissedBy(call: CallMessage, reader: UserId): boolean {
  const kind = call.signal?.kind;
  const isInVain = kind === "cancel" || kind === "timeout" || kind === "busy";
  return isInVain && call.caller !== reader;
}

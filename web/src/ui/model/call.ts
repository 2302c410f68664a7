/**
 * What the call window shows, as a pure function of what happened: `reduce(view, event)`.
 *
 * The call itself is the SDK's mirror of the server's (`CallState`); added here is what a window
 * has beside it: how the last call ended, transient lines, who speaks, pages and places.
 *
 * ```text
 *   idle ──▶ outgoing ─────────────▶ connected ──▶ ended ── dismissed ──▶ idle
 *     └────▶ incoming ─▶ connecting ─────┘           ▲
 *               └────────────────────────────────────┘
 * ```
 */
import type {
  CallMember,
  CallState,
  CallingState,
  ConnectionState,
  DeviceProblem,
  MediaType,
  Outcome,
  UserId,
} from "../../sdk/index.js";
import { nextSpeaker } from "./speaker.js";

/** Where the call stands. */
export type Phase = "idle" | "outgoing" | "incoming" | "connecting" | "connected" | "ended";

/** What a transient line tells. */
export type NoticeKind =
  | "rejected"
  | "busy"
  | "noResponse"
  | "joined"
  | "left"
  | "lost"
  | "invited"
  | "switchedToAudio"
  | "switchedToVideo"
  | "device"
  | "error";

/** A transient line. */
export interface Notice {
  readonly id: number;
  readonly kind: NoticeKind;
  readonly users: readonly UserId[];
  readonly problem?: DeviceProblem;
  readonly message?: string;
}

/** How the last call ended, for this account. */
export interface Ended {
  readonly call: CallState;
  readonly outcome: Outcome;
  readonly by?: UserId;
  readonly durationMs: number;
  /** Another device of this account answered (`true`) or declined (`false`). */
  readonly elsewhere?: boolean;
  /** It is over; the server has not told yet how. */
  readonly isProvisional?: boolean;
}

/** Everything the call window shows. */
export interface CallView {
  readonly me: UserId;
  readonly connection: ConnectionState;
  readonly call?: CallState;
  readonly ended?: Ended;
  readonly speaker?: UserId;
  /** Who is shown large. */
  readonly pinned?: UserId;
  /** In a video call of two: this account large, the other one small. */
  readonly swapped: boolean;
  readonly page: number;
  readonly minimized: boolean;
  readonly notices: readonly Notice[];
  readonly lastNotice: number;
}

/** What changes the window. */
export type ViewEvent =
  | { readonly type: "state"; readonly state: CallingState }
  | ({ readonly type: "ended" } & Ended)
  | { readonly type: "rejected" | "busy" | "noResponse" | "joined"; readonly user: UserId }
  | { readonly type: "left"; readonly user: UserId; readonly lost: boolean }
  | { readonly type: "invited"; readonly by: UserId; readonly users: readonly UserId[] }
  | { readonly type: "switched"; readonly by?: UserId; readonly to: MediaType }
  | { readonly type: "problem"; readonly problem: DeviceProblem }
  | { readonly type: "error"; readonly message: string }
  | { readonly type: "minimize" | "restore" | "swap" | "dismiss" }
  | { readonly type: "page"; readonly page: number }
  | { readonly type: "pin"; readonly user?: UserId }
  | { readonly type: "noticeOver"; readonly id: number };

/** No call. */
export const IDLE: CallView = {
  me: "",
  connection: "signedOut",
  swapped: false,
  page: 0,
  minimized: false,
  notices: [],
  lastNotice: 0,
};

/** The most transient lines that stand at once. */
export const MAX_NOTICES = 3;

/** What is shown after `event`. */
export function reduce(view: CallView, event: ViewEvent): CallView {
  switch (event.type) {
    case "state":
      return mirrored(view, event.state);
    case "ended":
      return over(view, event);
    case "rejected":
    case "busy":
    case "noResponse":
    case "joined":
      // In a call of two the end tells it.
      return view.call?.isGroup === true ? noted(view, event.type, [event.user]) : view;
    case "left":
      return view.call?.isGroup === true
        ? noted(view, event.lost ? "lost" : "left", [event.user])
        : view;
    case "invited":
      return noted(view, "invited", [event.by, ...event.users]);
    case "switched":
      return switched(view, event.to, event.by);
    case "problem":
      return noted(view, "device", [], { problem: event.problem });
    case "error":
      return noted(view, "error", [], { message: event.message });
    default:
      return handled(view, event);
  }
}

type OwnEvent = Extract<
  ViewEvent,
  { type: "minimize" | "restore" | "swap" | "dismiss" | "page" | "pin" | "noticeOver" }
>;

/** What the window itself does. */
function handled(view: CallView, event: OwnEvent): CallView {
  switch (event.type) {
    case "minimize":
      return { ...view, minimized: mayMinimize(view) };
    case "restore":
      return { ...view, minimized: false };
    case "swap":
      return { ...view, swapped: !view.swapped };
    case "page":
      return { ...view, page: Math.max(0, event.page) };
    case "pin":
      return pinnedTo(view, event.user);
    case "dismiss":
      return fresh(view, view.call);
    case "noticeOver":
      return { ...view, notices: view.notices.filter((it) => it.id !== event.id) };
  }
}

/** Where the call stands. */
export function phaseOf(view: CallView): Phase {
  if (view.call === undefined) return view.ended === undefined ? "idle" : "ended";
  return view.call.phase === "accepting" ? "connecting" : view.call.phase;
}

/** Whether the window may become a small one: not while it wants an answer. */
export function mayMinimize(view: CallView): boolean {
  const phase = phaseOf(view);
  return phase === "outgoing" || phase === "connecting" || phase === "connected";
}

function mirrored(view: CallView, state: CallingState): CallView {
  const base = { ...view, me: state.user ?? view.me, connection: state.connection };
  const { call } = state;
  if (call === undefined) return view.call === undefined ? base : gone(base, view.call);
  const others = call.members.filter((it) => it.user !== base.me);
  if (view.call?.callId !== call.callId) {
    return { ...fresh(base, call), ...speaking(nextSpeaker(undefined, others)) };
  }
  const speaker = nextSpeaker(view.speaker, others);
  const isPinnedThere = others.some((it) => it.user === view.pinned && isThere(it));
  const kept = isPinnedThere || view.pinned === base.me ? view.pinned : undefined;
  const { speaker: _, ...rest } = pinnedTo(base, kept);
  return { ...rest, call, ...speaking(speaker) };
}

function speaking(speaker: UserId | undefined): Pick<CallView, "speaker"> {
  return speaker === undefined ? {} : { speaker };
}

/** The call is no more: the window stays open for how it ended. */
function gone(view: CallView, call: CallState): CallView {
  const ended = { call, outcome: "completed", durationMs: 0, isProvisional: true } as const;
  return fresh(view, undefined, ended);
}

/**
 * Whether the picture of another's camera is asked for. In a video call that is so from when they
 * are there: it costs nothing while the camera is off, and the first picture waits for no offer.
 */
export function isCameraWanted({ call }: CallView, { camera, entered }: CallMember): boolean {
  return camera || (entered && call?.mediaType === "video");
}

/** Everything of a window at its start. */
function fresh(view: CallView, call: CallState | undefined, ended?: Ended): CallView {
  const { me, connection, lastNotice } = view;
  const start = { ...IDLE, me, connection, lastNotice };
  return { ...start, ...(call && { call }), ...(ended && { ended }) };
}

function over(view: CallView, { call, outcome, by, durationMs, elsewhere }: Ended): CallView {
  // The end of a call that another one followed already.
  if (view.call !== undefined && view.call.callId !== call.callId) return view;
  const ended = {
    call,
    outcome,
    durationMs,
    ...(by !== undefined && { by }),
    ...(elsewhere !== undefined && { elsewhere }),
  };
  return fresh(view, undefined, ended);
}

function switched(view: CallView, to: MediaType, by?: UserId): CallView {
  if (by === undefined || by === view.me) return view;
  return noted(view, to === "audio" ? "switchedToAudio" : "switchedToVideo", [by]);
}

function pinnedTo(view: CallView, user: UserId | undefined): CallView {
  const { pinned: _, ...rest } = view;
  return user === undefined ? rest : { ...rest, pinned: user };
}

function noted(
  view: CallView,
  kind: NoticeKind,
  users: readonly UserId[],
  more: Pick<Notice, "problem" | "message"> = {},
): CallView {
  const id = view.lastNotice + 1;
  const notices = [...view.notices, { id, kind, users, ...more }].slice(-MAX_NOTICES);
  return { ...view, notices, lastNotice: id };
}

/** Whether somebody is in the call or rung for it. */
export function isThere(member: Pick<CallMember, "state">): boolean {
  return member.state === "connected" || member.state === "pending";
}

/** Everybody but this account who is in the call or rung for it. */
export function others(view: CallView): readonly CallMember[] {
  const members = view.call?.members ?? [];
  return members.filter((it) => it.user !== view.me && isThere(it));
}

/** This account in the call. */
export function self(view: CallView): CallMember | undefined {
  return view.call?.members.find((it) => it.user === view.me);
}

/** Whom a call is with: who invites; of a call one placed, the first who was called. */
export function peerOf(call: CallState, me: UserId): UserId {
  if (call.role === "callee") return call.phase === "connected" ? call.caller : call.inviter;
  return call.members.find((it) => it.user !== me)?.user ?? call.caller;
}

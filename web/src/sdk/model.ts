/**
 * The mirror of the server's call machine: what this device knows of its call, as a pure function
 * of what it was told. The server is the authority; the mirror believes it.
 *
 * ```text
 *                  placed            accepted (by one called)
 *   idle ── call ────────▶ outgoing ───────────────▶ connected ──▶ idle
 *     │ invited            answering    answered         ▲  │ leave      ▲
 *     └────────▶ incoming ─────────▶ accepting ──────────┘  ▼            │ ended, or nobody says so
 *                    └──────── decline ──────────────▶  (leaving) ───────┘
 * ```
 *
 * A call that is being left is out of `call` at once, so that a window closes at the click; its
 * `ended` is told when the server says how it ended, or after a while by the best guess.
 */
import { callOf, membersOf, merged } from "./call-state.js";
import { isGroup, member, runningCall } from "./convert.js";
import type { Told } from "./emitter.js";
import type {
  CallMember,
  CallState,
  LocalMedia,
  MediaType,
  NetworkQuality,
  Outcome,
  UserId,
} from "./types.js";
import type { KeptCall } from "./kept-call.js";
import type { WireCall, WireEvent, WireEvents } from "./wire.js";

/** A call that was left here, and whose end the server has not told yet. */
export interface Leaving {
  readonly call: CallState;
  readonly outcome: Outcome;
  readonly since: number;
}

/** All the mirror knows. */
export interface Model {
  readonly me: UserId;
  readonly call?: CallState;
  readonly leaving?: Leaving;
  /** A request to call or to join is unanswered: what comes of unknown calls is kept for it. */
  readonly placing: boolean;
  readonly early: readonly WireEvent[];
}

/** What happens to it. `at` is the own clock in milliseconds. */
export type Input =
  | { readonly kind: "event"; readonly at: number; readonly event: WireEvent }
  /** A request to call or to join goes out. */
  | { readonly kind: "placing" }
  /** It was answered; without `reply` it failed. */
  | { readonly kind: "placed"; readonly at: number; readonly reply?: WireCall }
  /** The person answered. */
  | { readonly kind: "answering" }
  /** The server took it; without `reply` it did not, and it rings on. */
  | { readonly kind: "answered"; readonly at: number; readonly reply?: WireCall }
  /** The call as the server says it is, after doubt. */
  | { readonly kind: "synced"; readonly at: number; readonly reply: WireCall }
  /** The call that this page was in before it was loaded anew. */
  | {
      readonly kind: "restored";
      readonly at: number;
      readonly reply: WireCall;
      readonly kept: KeptCall;
    }
  /** The server knows nothing of `callId`. */
  | { readonly kind: "gone"; readonly at: number; readonly callId: string }
  /** The person hangs up, withdraws or declines. */
  | { readonly kind: "leave"; readonly at: number; readonly outcome?: Outcome }
  /** Time passed: what rings too long, or was left and not heard of, is over. */
  | { readonly kind: "tick"; readonly at: number }
  /** The own media changed. */
  | { readonly kind: "local"; readonly patch: Partial<LocalMedia> }
  /** The own switch of the medium was taken. */
  | { readonly kind: "switched"; readonly mediaType: MediaType }
  | {
      readonly kind: "quality";
      readonly local: NetworkQuality;
      readonly remotes: ReadonlyMap<UserId, NetworkQuality>;
    };

/** The mirror after an input, and what to tell of it. */
export interface Step {
  readonly model: Model;
  readonly told: readonly Told[];
}

/** How much longer than told it may ring here before it is taken for over, in milliseconds. */
const RING_GRACE_MS = 5_000;
/** How long the server may take to say how a call that was left ended, in milliseconds. */
const LEAVE_MS = 5_000;
/** Early events beyond this are dropped: nobody calls that slowly. */
const MOST_EARLY = 64;

export function newModel(me: UserId): Model {
  return { me, placing: false, early: [] };
}

export function reduce(model: Model, input: Input): Step {
  switch (input.kind) {
    case "event":
      return onEvent(model, input.event, input.at);
    case "placing":
      return quiet({ ...model, placing: true });
    case "placed":
      return placed(model, input.reply, input.at);
    case "answering":
      return quiet(patchCall(model, { phase: "accepting" }));
    case "answered":
      return answered(model, input.reply, input.at);
    case "synced":
      return synced(model, input.reply, input.at);
    case "restored":
      return restored(model, input.reply, input.kept, input.at);
    case "gone":
      return gone(model, input.callId, input.at);
    case "leave":
      return leave(model, input.at, input.outcome);
    case "tick":
      return tick(model, input.at);
    case "local":
      return local(model, input.patch);
    case "switched":
      return switched(model, input.mediaType, model.me);
    case "quality":
      return quality(model, input.local, input.remotes);
  }
}

function quiet(model: Model): Step {
  return { model, told: [] };
}

function tell(model: Model, ...told: Told[]): Step {
  return { model, told };
}

function then({ model, told }: Step, next: (model: Model) => Step): Step {
  const after = next(model);
  return { model: after.model, told: [...told, ...after.told] };
}

function patchCall(model: Model, patch: Partial<CallState>): Model {
  return model.call === undefined ? model : { ...model, call: { ...model.call, ...patch } };
}

function patchMember(model: Model, user: UserId, patch: Partial<CallMember>): Model {
  const { call } = model;
  if (call === undefined) return model;
  const known = call.members.some((it) => it.user === user);
  const members = known
    ? call.members
    : [...call.members, member({ user, state: "connected" })];
  return patchCall(model, {
    members: members.map((it) => (it.user === user ? { ...it, ...patch } : it)),
  });
}

function begin(model: Model, at: number): Step {
  const { call } = model;
  if (call === undefined || call.phase === "connected") return quiet(model);
  const { ringsUntil: _, ...rest } = call;
  const talk: CallState = { ...rest, phase: "connected", connectedAt: at };
  const entered = call.local.state === "connected";
  const after = patchMember({ ...model, call: talk }, model.me, { state: "connected", entered });
  return tell(after, { event: "began", told: after.call ?? talk });
}

function over(model: Model): Model {
  const { call: _, ...rest } = model;
  return rest;
}

function placed(model: Model, reply: WireCall | undefined, at: number): Step {
  const { early } = model;
  let step = quiet({ ...model, placing: false, early: [] });
  if (reply === undefined) return step;
  if (model.call !== undefined && model.call.callId !== reply.facts.call_id) {
    // It began to ring while this one was placed: the server declines it as busy.
    step = leave(step.model, at, "busy");
  }
  const { facts } = reply;
  step = then(step, (it) => settleOf(it, facts.call_id, at));
  const known = step.model.call;
  const call: CallState = {
    ...callOf(facts, "outgoing", known === undefined ? membersOf(reply) : merged(known, reply)),
    role: reply.role,
    ringsUntil: at + facts.timeout_s * 1_000,
  };
  step = then(step, (it) => quiet({ ...it, call }));
  if (reply.connected) step = then(step, (it) => begin(it, at));
  for (const event of early) step = then(step, (it) => onEvent(it, event, at));
  return step;
}

function answered(model: Model, reply: WireCall | undefined, at: number): Step {
  if (model.call?.phase !== "accepting") return quiet(model);
  if (reply === undefined) return quiet(patchCall(model, { phase: "incoming" }));
  return synced(model, reply, at);
}

function synced(model: Model, reply: WireCall, at: number): Step {
  const { call } = model;
  if (call?.callId !== reply.facts.call_id) return quiet(model);
  const { facts } = reply;
  const known = patchCall(model, { members: merged(call, reply), isGroup: isGroup(facts) });
  return then(switched(known, facts.media_type, undefined), (it) =>
    reply.connected ? begin(it, at) : quiet(it),
  );
}

function restored(model: Model, reply: WireCall, kept: KeptCall, at: number): Step {
  if (model.call !== undefined || reply.facts.call_id !== kept.callId) return quiet(model);
  const known = callOf(reply.facts, "outgoing", membersOf(reply));
  const call: CallState = {
    ...known,
    role: reply.role,
    isRestored: true,
    local: { ...known.local, micMuted: kept.micMuted },
  };
  const waits = { ...model, call };
  return reply.connected ? begin(waits, Math.min(kept.connectedAt ?? at, at)) : quiet(waits);
}

function gone(model: Model, callId: string, at: number): Step {
  const { call } = model;
  if (call?.callId !== callId) return quiet(model);
  if (call.phase === "incoming" || call.phase === "accepting") {
    return tell(over(model), { event: "cancelled", told: { callId, user: call.inviter } });
  }
  const outcome = call.phase === "connected" ? "peer_lost" : "no_answer";
  return tell(over(model), ended(call, outcome, undefined, talked(call, at)));
}

function leave(model: Model, at: number, outcome?: Outcome): Step {
  const { call } = model;
  if (call === undefined) return quiet(model);
  const guess = { outgoing: "cancelled", incoming: "rejected", accepting: "rejected" } as const;
  const likely = call.phase === "connected" ? "completed" : guess[call.phase];
  const leaving: Leaving = { call, outcome: outcome ?? likely, since: at };
  // One at a time: of two the older is told now.
  return then(settle(model, model.leaving, at), (it) => quiet({ ...over(it), leaving }));
}

/** Tells the end of a call that was left by the best guess. */
function settle(model: Model, leaving: Leaving | undefined, at: number): Step {
  if (leaving === undefined) return quiet(model);
  const { leaving: _, ...rest } = model;
  const { call, outcome, since } = leaving;
  return tell(rest, ended(call, outcome, model.me, talked(call, Math.min(since, at))));
}

/** A call that was left and is entered again: its first end is told before its second beginning. */
function settleOf(model: Model, callId: string, at: number): Step {
  const isIt = model.leaving?.call.callId === callId;
  return isIt ? settle(model, model.leaving, at) : quiet(model);
}

function talked(call: CallState, at: number): number {
  return call.connectedAt === undefined ? 0 : Math.max(0, at - call.connectedAt);
}

function ended(
  call: CallState,
  outcome: Outcome,
  by: UserId | undefined,
  durationMs: number,
): Told {
  const told = { callId: call.callId, outcome, durationMs, call, ...(by !== undefined && { by }) };
  return { event: "ended", told };
}

function tick(model: Model, at: number): Step {
  const { leaving, call } = model;
  const late = leaving !== undefined && at - leaving.since >= LEAVE_MS;
  const step = late ? settle(model, leaving, at) : quiet(model);
  const rings = call?.phase === "incoming" || call?.phase === "accepting";
  if (!rings || call.ringsUntil === undefined || at < call.ringsUntil + RING_GRACE_MS) return step;
  const told: Told = { event: "timedOut", told: { callId: call.callId, users: [] } };
  return then(step, (it) => tell(over(it), told));
}

function local(model: Model, patch: Partial<LocalMedia>): Step {
  const { call } = model;
  if (call === undefined) return quiet(model);
  const { listenOnly, ...rest } = call.local;
  // Whoever has a microphone does not merely listen.
  const listens = patch.microphone === true || listenOnly === undefined ? {} : { listenOnly };
  const now: LocalMedia = { ...rest, ...listens, ...patch };
  // The server tells nobody about themselves.
  const after = patchMember(patchCall(model, { local: now }), model.me, {
    entered: now.state === "connected" && call.phase === "connected",
    audio: now.microphone && !now.micMuted,
    camera: now.camera,
    screen: now.screen,
  });
  if (patch.state === undefined || patch.state === call.local.state) return quiet(after);
  const told = { callId: call.callId, state: patch.state };
  return tell(after, { event: "mediaState", told });
}

function switched(model: Model, mediaType: MediaType, by: UserId | undefined): Step {
  const { call } = model;
  if (call === undefined || call.mediaType === mediaType) return quiet(model);
  const told = {
    callId: call.callId,
    old: call.mediaType,
    new: mediaType,
    ...(by !== undefined && { by }),
  };
  return tell(patchCall(model, { mediaType }), { event: "mediaTypeChanged", told });
}

function quality(
  model: Model,
  own: NetworkQuality,
  remotes: ReadonlyMap<UserId, NetworkQuality>,
): Step {
  const { call } = model;
  if (call === undefined) return quiet(model);
  const members = call.members.map((it) => {
    const quality = it.user === model.me ? own : remotes.get(it.user);
    return quality === undefined ? it : { ...it, quality };
  });
  const told = {
    callId: call.callId,
    local: own,
    remotes: [...remotes].map(([user, quality]) => ({ user, quality })),
  };
  return tell(patchCall(model, { members }), { event: "networkQuality", told });
}

function invited(model: Model, params: WireEvents["invited"], at: number): Step {
  const { facts } = params;
  // A call that is known already is told again to a device that missed it; any other finds this
  // device busy, and the server knows.
  if (model.call !== undefined) return quiet(model);
  return then(settleOf(model, facts.call_id, at), (it) => ring(it, params, at));
}

function ring(model: Model, params: WireEvents["invited"], at: number): Step {
  const { facts, remaining_ms, inviter = facts.caller, in_call = [] } = params;
  const users = [facts.caller, ...facts.callees, ...in_call, model.me];
  const inside = new Set([facts.caller, inviter, ...in_call]);
  const members = [...new Set(users)].map((user) =>
    member({ user, state: inside.has(user) && user !== model.me ? "connected" : "pending" }),
  );
  const call: CallState = {
    ...callOf(facts, "incoming", members),
    inviter,
    ringsUntil: at + remaining_ms,
  };
  const told: Told = {
    event: "invited",
    told: {
      callId: call.callId,
      inviter,
      users: facts.callees.filter((user) => user !== model.me),
      isFromGroup: facts.group_id !== undefined,
      mediaType: facts.media_type,
      userData: call.userData,
      remainingMs: remaining_ms,
      inCall: in_call,
      ...(facts.group_id !== undefined && { groupId: facts.group_id }),
    },
  };
  return tell({ ...model, call }, told);
}

/** The call an event is about, if it is about one this device may be in. */
function callIdOf({ event, params }: WireEvent): string | undefined {
  return event !== "invited" && "call_id" in params ? params.call_id : undefined;
}

function onEvent(model: Model, event: WireEvent, at: number): Step {
  const callId = callIdOf(event);
  if (callId !== undefined && model.call?.callId !== callId) return ofAnotherCall(model, event, at);
  switch (event.event) {
    case "invited":
      return invited(model, event.params, at);
    case "resumed":
      return synced(model, event.params, at);
    case "group_call_changed": {
      const { group_id, call } = event.params;
      const running = call === undefined ? {} : { call: runningCall(call) };
      return tell(model, { event: "groupCallChanged", told: { groupId: group_id, ...running } });
    }
    case "message":
    case "message_recalled":
    case "read":
    case "group_changed":
    case "kicked_offline":
      return quiet(model);
    default:
      return model.call === undefined ? quiet(model) : ofThisCall(model, model.call, event, at);
  }
}

/** Of a call that was left its end is news; of one that is being placed, everything. */
function ofAnotherCall(model: Model, event: WireEvent, at: number): Step {
  const { leaving } = model;
  if (leaving !== undefined && callIdOf(event) === leaving.call.callId) {
    if (event.event !== "ended") return quiet(model);
    const { leaving: _, ...rest } = model;
    const { outcome, by, duration_ms } = event.params;
    return tell(rest, ended(leaving.call, outcome, by, duration_ms));
  }
  if (!model.placing || model.early.length >= MOST_EARLY) return quiet(model);
  return then(quiet({ ...model, early: [...model.early, event] }), (it) => tick(it, at));
}

/** Events about people, calls and media that have their own place. */
type OfThisCall = Exclude<
  WireEvent,
  {
    event:
      | "invited"
      | "resumed"
      | "group_call_changed"
      | "message"
      | "message_recalled"
      | "read"
      | "group_changed"
      | "kicked_offline";
  }
>;

function ofThisCall(model: Model, call: CallState, event: OfThisCall, at: number): Step {
  const { callId } = call;
  switch (event.event) {
    case "cancelled": {
      const { user } = event.params;
      return tell(over(model), { event: "cancelled", told: { callId, user } });
    }
    case "timed_out": {
      const users = event.params.users.filter((user) => user !== model.me);
      return tell(over(model), { event: "timedOut", told: { callId, users } });
    }
    case "handled_elsewhere": {
      const { accepted } = event.params;
      return tell(over(model), { event: "handledElsewhere", told: { callId, accepted } });
    }
    case "ended": {
      const { outcome, by, duration_ms } = event.params;
      return tell(over(model), ended(call, outcome, by, duration_ms));
    }
    case "media_type_changed":
      return switched(model, event.params.media_type, event.params.by);
    case "volumes":
      return volumes(model, event.params);
    case "media_failed":
      return quiet(model);
    case "invitees_changed":
      return inviteesChanged(model, event.params);
    default:
      return ofOneMember(model, call, event, at);
  }
}

function volumes(model: Model, params: WireEvents["volumes"]): Step {
  const { call_id: callId, volumes, total } = params;
  const loud = new Map(volumes.map((it) => [it.user, it.volume]));
  const members = (model.call?.members ?? []).map((it) => {
    const volume = loud.get(it.user);
    return volume === undefined ? it : { ...it, volume };
  });
  return tell(patchCall(model, { members }), { event: "volumes", told: { callId, volumes, total } });
}

function inviteesChanged(model: Model, params: WireEvents["invitees_changed"]): Step {
  const { call_id: callId, by, users, invited = [] } = params;
  const after = invited.reduce(
    (it, user) => patchMember(it, user, { state: "pending", ringing: false }),
    patchCall(model, { isGroup: true }),
  );
  return tell(after, { event: "inviteesChanged", told: { callId, by, users, invited } });
}

type OfOneMember = Extract<OfThisCall, { params: { user: string } }>;

function ofOneMember(model: Model, call: CallState, event: OfOneMember, at: number): Step {
  const { callId } = call;
  const { user } = event.params;
  const told = { callId, user };
  const as = (patch: Partial<CallMember>): Model => patchMember(model, user, patch);
  const away = { entered: false, audio: false, camera: false, screen: false, volume: 0 };
  switch (event.event) {
    case "ringing":
      return tell(as({ ringing: true }), { event: "ringing", told });
    case "accepted": {
      const known = tell(as({ state: "connected", ringing: false }), { event: "accepted", told });
      return call.phase === "outgoing" ? then(known, (it) => begin(it, at)) : known;
    }
    case "rejected":
      return tell(as({ state: "rejected", ringing: false }), { event: "rejected", told });
    case "line_busy":
      return tell(as({ state: "busy", ringing: false }), { event: "lineBusy", told });
    case "no_response":
      return tell(as({ state: "no_answer", ringing: false }), { event: "noResponse", told });
    case "joined":
      return tell(as({ state: "connected", ringing: false }), { event: "joined", told });
    case "member_left": {
      const { reason } = event.params;
      const state = reason === 2 ? "removed" : "left";
      const left: Told = { event: "memberLeft", told: { ...told, reason } };
      return tell(as({ state, ...away }), left);
    }
    case "user_entered":
      return tell(as({ entered: true }), { event: "userEntered", told });
    case "user_left": {
      const { reason } = event.params;
      return tell(as(away), { event: "userLeft", told: { ...told, reason } });
    }
    case "audio_available": {
      const { available } = event.params;
      return tell(as({ audio: available }), { event: "audioAvailable", told: { ...told, available } });
    }
    case "video_available": {
      const { track, available } = event.params;
      const video: Told = { event: "videoAvailable", told: { ...told, track, available } };
      return tell(as(track === "camera" ? { camera: available } : { screen: available }), video);
    }
    // What a newer server tells besides.
    default:
      return quiet(model);
  }
}

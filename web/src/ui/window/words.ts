/** What the window says, from what it shows. */
import type { CallMember, DeviceProblem } from "../../sdk/index.js";
import { clock } from "../model/format.js";
import { phaseOf, peerOf, type CallView, type Ended, type Notice } from "../model/call.js";
import type { Texts } from "../texts/index.js";

/** How long the other's media may take to come up before that is remarked on. */
const ARRIVAL_MS = 3_000;

type Names = (user: string) => string;

/** The line below the name: what the call is at. */
export function statusLine(view: CallView, texts: Texts, now: number): string {
  const { call } = view;
  if (call === undefined) return "";
  if (view.connection === "reconnecting" || call.local.state === "reconnecting") {
    return texts.reconnecting;
  }
  switch (phaseOf(view)) {
    case "outgoing":
      return waitingLine(
        call.members.filter((it) => it.user !== view.me),
        texts,
      );
    case "incoming":
      return inviteLine(view, texts);
    case "connecting":
      return texts.connecting;
    case "connected":
      return isPeerAway(view, now) ? texts.peerAway : clock(now - (call.connectedAt ?? now));
    case "ended":
    case "idle":
      return "";
  }
}

/** In a call of two: the other's media is gone, and they may come back. */
function isPeerAway({ me, call }: CallView, now: number): boolean {
  if (call === undefined || call.isGroup) return false;
  if (now - (call.connectedAt ?? now) < ARRIVAL_MS) return false;
  return call.members.some((it) => it.user !== me && it.state === "connected" && !it.entered);
}

function waitingLine(others: readonly CallMember[], texts: Texts): string {
  return others.some((it) => it.ringing) ? texts.calls.phrase("waiting") : texts.calling;
}

function inviteLine({ call }: CallView, texts: Texts): string {
  if (call?.isGroup === true) return texts.calls.phrase("invites-group");
  return texts.calls.phrase(call?.mediaType === "video" ? "invites-video" : "invites-voice");
}

/** How a call ended, for whoever was in it. */
export function endLine(ended: Ended, texts: Texts): string {
  const { call, outcome, elsewhere, durationMs, isProvisional } = ended;
  if (isProvisional === true) return texts.callEnded;
  if (elsewhere !== undefined) {
    return elsewhere ? texts.answeredElsewhere : texts.declinedElsewhere;
  }
  const talked = (): string =>
    durationMs > 0 ? texts.calls.talked(Math.floor(durationMs / 1000)) : texts.callEnded;
  // In a group, and in a conversation, what counts is that it is over.
  if (call.isGroup && outcome !== "no_answer" && outcome !== "cancelled") return talked();
  switch (outcome) {
    case "completed":
      return talked();
    case "rejected":
      return texts.calls.outcome("reject", call.role);
    case "no_answer":
    case "offline":
      return texts.calls.outcome("timeout", call.role);
    case "busy":
      return texts.calls.outcome("busy", call.role);
    case "cancelled":
      return texts.calls.outcome("cancel", call.role);
    case "peer_lost":
      return durationMs > 0 ? `${texts.peerLost} · ${talked()}` : texts.peerLost;
    case "interrupted":
      return texts.interrupted;
  }
}

/** A transient line. */
export function noticeLine(notice: Notice, texts: Texts, name: Names): string {
  const [first = "", ...rest] = notice.users;
  switch (notice.kind) {
    case "rejected":
      return texts.declinedBy(name(first));
    case "busy":
      return texts.isBusy(name(first));
    case "noResponse":
      return texts.didNotAnswer(name(first));
    case "joined":
      return texts.joined(name(first));
    case "left":
      return texts.left(name(first));
    case "lost":
      return texts.lost(name(first));
    case "invited":
      return texts.invited(name(first), texts.calls.list(rest.map(name)));
    case "switchedToAudio":
      return texts.switchedToAudio(name(first));
    case "switchedToVideo":
      return texts.switchedToVideo(name(first));
    case "device":
      return notice.problem === undefined ? "" : problemLine(notice.problem, texts);
    case "error":
      return notice.message ?? texts.failed;
  }
}

/** What is wrong with a device, and what to do. */
export function problemLine({ device, reason }: DeviceProblem, texts: Texts): string {
  const lines: Readonly<Record<string, string>> = texts.deviceTrouble;
  return lines[`${device}.${reason}`] ?? lines[reason] ?? texts.deviceTrouble.other;
}

/** What a screen reader is told when the call changes. */
export function announcement(view: CallView, texts: Texts, name: Names): string {
  const { call, ended } = view;
  if (ended !== undefined && call === undefined) return endLine(ended, texts);
  if (call === undefined) return "";
  const who = name(peerOf(call, view.me));
  switch (phaseOf(view)) {
    case "incoming":
      return `${incomingTitle(view, texts)}: ${who}`;
    case "outgoing":
      return `${texts.calling} ${who}`;
    case "connecting":
      return texts.connecting;
    case "connected":
      return texts.calls.phrase("connected");
    case "ended":
    case "idle":
      return "";
  }
}

/** What rings. */
export function incomingTitle({ call }: CallView, texts: Texts): string {
  if (call?.isGroup === true) return texts.incomingGroup;
  return call?.mediaType === "video" ? texts.incomingVideo : texts.incomingVoice;
}

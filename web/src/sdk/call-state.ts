import { isGroup, member } from "./convert.js";
import type { CallMember, CallState, LocalMedia } from "./types.js";
import type { WireCall, WireFacts } from "./wire.js";

const NO_MEDIA: LocalMedia = {
  state: "none",
  microphone: false,
  micMuted: false,
  camera: false,
  screen: false,
  playbackBlocked: false,
};

/** A call as the server's facts and members describe it. */
export function callOf(facts: WireFacts, phase: CallState["phase"], members: CallMember[]): CallState {
  return {
    callId: facts.call_id,
    phase,
    role: "callee",
    mediaType: facts.media_type,
    caller: facts.caller,
    inviter: facts.caller,
    isGroup: isGroup(facts),
    userData: facts.user_data ?? "",
    members,
    local: NO_MEDIA,
    ...(facts.group_id !== undefined && { groupId: facts.group_id }),
  };
}

/** Everybody in it, the caller first; of a server that does not say, by its facts. */
export function membersOf({ facts, members }: WireCall): CallMember[] {
  if (members !== undefined && members.length > 0) return members.map(member);
  const caller = member({ user: facts.caller, state: "connected" });
  return [caller, ...facts.callees.map((user) => member({ user, state: "pending" }))];
}

/** What the mirror knew of people, under what the server says of them now. */
export function merged(call: CallState, reply: WireCall): CallMember[] {
  return membersOf(reply).map((now) => {
    const before = call.members.find((it) => it.user === now.user);
    return before === undefined ? now : { ...before, state: now.state };
  });
}

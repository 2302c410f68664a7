/** From the wire's words to the application's. */
import type { Told } from "./emitter.js";
import type {
  CallMember,
  Conversation,
  ConversationInfo,
  Group,
  GroupMember,
  Message,
  RunningCall,
  UserId,
} from "./types.js";
import { NetworkQuality } from "./types.js";
import type {
  WireEvent,
  WireFacts,
  WireGroup,
  WireGroupMember,
  WireMember,
  WireMessage,
  WireRunningCall,
  WireTarget,
} from "./wire.js";

export function target(conversation: Conversation): WireTarget {
  return conversation.group === undefined
    ? { user: conversation.user }
    : { group: conversation.group };
}

export function conversation(target: WireTarget): Conversation {
  return "group" in target ? { group: target.group } : { user: target.user };
}

/** A message as `me` sees it: between two the conversation is called by the other. */
export function message(wire: WireMessage, me: UserId): Message {
  const other = wire.from === me ? (wire.to ?? me) : wire.from;
  return {
    conversation: wire.group_id === undefined ? { user: other } : { group: wire.group_id },
    seq: wire.seq,
    from: wire.from,
    sentAt: wire.sent_at,
    custom: wire.custom ?? "",
    recalled: wire.recalled ?? false,
    ...(wire.text !== undefined && { text: wire.text }),
    ...(wire.call_id !== undefined && { callId: wire.call_id }),
    ...(wire.client_id !== undefined && { clientId: wire.client_id }),
  };
}

export function conversationInfo(
  wire: { conversation: WireTarget; last?: WireMessage; unread: number; read_seq: number },
  me: UserId,
): ConversationInfo {
  return {
    conversation: conversation(wire.conversation),
    unread: wire.unread,
    readSeq: wire.read_seq,
    ...(wire.last !== undefined && { last: message(wire.last, me) }),
  };
}

export function group(wire: WireGroup): Group {
  const { group_id, name, owner, created_at } = wire;
  return { groupId: group_id, name, owner, createdAt: created_at };
}

export function groupMember(wire: WireGroupMember): GroupMember {
  const { user, role, name_card = "", nickname = "", joined_at } = wire;
  return { user, role, nameCard: name_card, nickname, joinedAt: joined_at };
}

export function runningCall({ facts, members }: WireRunningCall): RunningCall {
  return {
    callId: facts.call_id,
    mediaType: facts.media_type,
    caller: facts.caller,
    members,
    ...(facts.group_id !== undefined && { groupId: facts.group_id }),
  };
}

export function member({ user, state }: WireMember): CallMember {
  return {
    user,
    state,
    ringing: false,
    entered: false,
    audio: false,
    camera: false,
    screen: false,
    volume: 0,
    quality: NetworkQuality.Unknown,
  };
}

export function isGroup(facts: WireFacts): boolean {
  return facts.group_id !== undefined || facts.callees.length > 1;
}

/** What to tell of an event about conversations; `undefined` if it is about something else. */
export function toldOfChat(event: WireEvent, me: UserId): Told | undefined {
  switch (event.event) {
    case "message":
      return { event: "message", told: message(event.params, me) };
    case "message_recalled": {
      const { conversation: where, ...rest } = event.params;
      return { event: "messageRecalled", told: { conversation: conversation(where), ...rest } };
    }
    case "read": {
      const { conversation: where, seq } = event.params;
      return { event: "read", told: { conversation: conversation(where), seq } };
    }
    case "group_changed":
      return { event: "groupChanged", told: { groupId: event.params.group_id } };
    default:
      return undefined;
  }
}

/** What the chat shows, as a pure function of what happened: `reduceChat(state, event)`. */
import type {
  Conversation,
  ConversationInfo,
  Group,
  GroupId,
  GroupMember,
  Message,
  RecentCall,
  RunningCall,
  UserId,
} from "../../sdk/index.js";

/** A text on its way. */
export interface Outgoing {
  readonly id: number;
  readonly text: string;
  readonly sentAt: number;
  readonly failed: boolean;
}

/** One conversation's messages, the oldest first. */
export interface Thread {
  readonly messages: readonly Message[];
  /** There is nothing before them. */
  readonly isWhole: boolean;
  readonly outgoing: readonly Outgoing[];
}

/** Where one is. */
export type Place =
  | { readonly page: "list" }
  | { readonly page: "thread"; readonly with: Conversation }
  | { readonly page: "profile"; readonly user: UserId }
  | { readonly page: "group"; readonly group: GroupId };

/** Everything the chat shows. */
export interface ChatState {
  readonly me: UserId;
  readonly loaded: boolean;
  /** The latest first. */
  readonly conversations: readonly ConversationInfo[];
  readonly threads: Readonly<Record<string, Thread>>;
  readonly groups: Readonly<Record<GroupId, Group>>;
  readonly members: Readonly<Record<GroupId, readonly GroupMember[]>>;
  readonly running: Readonly<Record<GroupId, RunningCall>>;
  readonly calls: readonly RecentCall[];
  readonly place: Place;
  readonly lastId: number;
}

/** What changes it. */
export type ChatEvent =
  | { readonly type: "signedIn"; readonly me: UserId }
  | { readonly type: "signedOut" }
  | { readonly type: "conversations"; readonly items: readonly ConversationInfo[] }
  | {
      readonly type: "history";
      readonly of: Conversation;
      /** Newest first, as they are asked for. */
      readonly messages: readonly Message[];
      readonly isWhole: boolean;
    }
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "recalled"; readonly of: Conversation; readonly seq: number }
  | { readonly type: "read"; readonly of: Conversation; readonly seq: number }
  | {
      readonly type: "sending";
      readonly to: Conversation;
      readonly text: string;
      readonly at: number;
    }
  | { readonly type: "sent"; readonly id: number; readonly message: Message }
  | { readonly type: "notSent"; readonly to: Conversation; readonly id: number }
  | { readonly type: "groups"; readonly groups: readonly Group[] }
  | { readonly type: "members"; readonly group: GroupId; readonly members: readonly GroupMember[] }
  | { readonly type: "running"; readonly group: GroupId; readonly call?: RunningCall }
  | { readonly type: "calls"; readonly calls: readonly RecentCall[] }
  | { readonly type: "go"; readonly place: Place };

/** Nobody is signed in. */
export const NO_CHAT: ChatState = {
  me: "",
  loaded: false,
  conversations: [],
  threads: {},
  groups: {},
  members: {},
  running: {},
  calls: [],
  place: { page: "list" },
  lastId: 0,
};

const EMPTY: Thread = { messages: [], isWhole: false, outgoing: [] };

/** The name of a conversation as a key: groups and people do not meet. */
export function keyOf(conversation: Conversation): string {
  return conversation.group === undefined ? `u:${conversation.user}` : `g:${conversation.group}`;
}

/** A conversation's messages. */
export function threadOf(state: ChatState, conversation: Conversation): Thread {
  return state.threads[keyOf(conversation)] ?? EMPTY;
}

/** What the list shows: conversations, and groups in which nobody wrote yet. */
export function listed(state: ChatState): readonly ConversationInfo[] {
  const known = new Set(state.conversations.map((it) => it.conversation.group));
  const quiet = Object.values(state.groups).filter((it) => !known.has(it.groupId));
  const infos = quiet.map((it) => ({ at: it.createdAt, info: silent(it.groupId) }));
  const told = state.conversations.map((info) => ({ at: info.last?.sentAt ?? 0, info }));
  return [...told, ...infos].sort((one, other) => other.at - one.at).map((it) => it.info);
}

function silent(group: GroupId): ConversationInfo {
  return { conversation: { group }, unread: 0, readSeq: 0 };
}

/** All unread messages. */
export function unreadOf(state: ChatState): number {
  return state.conversations.reduce((sum, it) => sum + it.unread, 0);
}

/** What is shown after `event`. */
export function reduceChat(state: ChatState, event: ChatEvent): ChatState {
  switch (event.type) {
    case "signedIn":
      return event.me === state.me ? state : { ...NO_CHAT, me: event.me };
    case "signedOut":
      return NO_CHAT;
    case "conversations":
      return { ...state, loaded: true, conversations: sorted(event.items) };
    case "history":
      return history(state, event);
    case "message":
      return arrived(state, event.message);
    case "recalled":
      return recalled(state, event.of, event.seq);
    case "read":
      return read(state, event.of, event.seq);
    case "sending":
    case "sent":
    case "notSent":
      return outgoing(state, event);
    case "groups":
      return { ...state, groups: Object.fromEntries(event.groups.map((it) => [it.groupId, it])) };
    case "members":
      return { ...state, members: { ...state.members, [event.group]: event.members } };
    case "running":
      return { ...state, running: running(state, event.group, event.call) };
    case "calls":
      return { ...state, calls: event.calls };
    case "go":
      return { ...state, place: event.place };
  }
}

function history(state: ChatState, event: Extract<ChatEvent, { type: "history" }>): ChatState {
  const thread = threadOf(state, event.of);
  const messages = merged(thread.messages, event.messages);
  return withThread(state, event.of, {
    ...thread,
    messages,
    isWhole: thread.isWhole || event.isWhole,
  });
}

function arrived(state: ChatState, message: Message): ChatState {
  const { conversation } = message;
  const thread = threadOf(state, conversation);
  const isNew = !thread.messages.some((it) => it.seq === message.seq);
  const after = withThread(state, conversation, {
    ...thread,
    messages: merged(thread.messages, [message]),
  });
  const key = keyOf(conversation);
  const before = state.conversations.find((it) => keyOf(it.conversation) === key);
  const isUnread = isNew && message.from !== state.me && message.seq > (before?.readSeq ?? 0);
  const isLast = (before?.last?.seq ?? 0) <= message.seq;
  const info: ConversationInfo = {
    conversation,
    readSeq: before?.readSeq ?? 0,
    unread: (before?.unread ?? 0) + (isUnread && isLast ? 1 : 0),
    ...(isLast ? { last: message } : before?.last && { last: before.last }),
  };
  const others = state.conversations.filter((it) => keyOf(it.conversation) !== key);
  return { ...after, conversations: sorted([info, ...others]) };
}

function recalled(state: ChatState, of: Conversation, seq: number): ChatState {
  const empty = (message: Message): Message => {
    const { text: _, ...rest } = message;
    return message.seq === seq ? { ...rest, recalled: true } : message;
  };
  const thread = threadOf(state, of);
  const after = withThread(state, of, { ...thread, messages: thread.messages.map(empty) });
  return {
    ...after,
    conversations: after.conversations.map((it) =>
      keyOf(it.conversation) === keyOf(of) && it.last !== undefined
        ? { ...it, last: empty(it.last) }
        : it,
    ),
  };
}

function read(state: ChatState, of: Conversation, seq: number): ChatState {
  const conversations = state.conversations.map((it) => {
    if (keyOf(it.conversation) !== keyOf(of) || seq < it.readSeq) return it;
    const isAll = seq >= (it.last?.seq ?? 0);
    const messages = threadOf(state, of).messages;
    const rest = messages.filter((m) => m.seq > seq && m.from !== state.me).length;
    return { ...it, readSeq: seq, unread: isAll ? 0 : Math.min(it.unread, rest) };
  });
  return { ...state, conversations };
}

type OutgoingEvent = Extract<ChatEvent, { type: "sending" | "sent" | "notSent" }>;

function outgoing(state: ChatState, event: OutgoingEvent): ChatState {
  switch (event.type) {
    case "sending": {
      const id = state.lastId + 1;
      const thread = threadOf(state, event.to);
      const sending = { id, text: event.text, sentAt: event.at, failed: false };
      const list = [...thread.outgoing, sending];
      return { ...withThread(state, event.to, { ...thread, outgoing: list }), lastId: id };
    }
    case "sent": {
      const of = event.message.conversation;
      const thread = threadOf(state, of);
      const rest = thread.outgoing.filter((it) => it.id !== event.id);
      return arrived(withThread(state, of, { ...thread, outgoing: rest }), event.message);
    }
    case "notSent": {
      const thread = threadOf(state, event.to);
      const list = thread.outgoing.map((it) => (it.id === event.id ? { ...it, failed: true } : it));
      return withThread(state, event.to, { ...thread, outgoing: list });
    }
  }
}

function running(
  state: ChatState,
  group: GroupId,
  call: RunningCall | undefined,
): ChatState["running"] {
  const { [group]: _, ...rest } = state.running;
  return call === undefined ? rest : { ...rest, [group]: call };
}

function withThread(state: ChatState, of: Conversation, thread: Thread): ChatState {
  return { ...state, threads: { ...state.threads, [keyOf(of)]: thread } };
}

/** Each message once, by its number; what came later counts. */
function merged(there: readonly Message[], more: readonly Message[]): readonly Message[] {
  const all = new Map(there.map((it) => [it.seq, it]));
  for (const message of more) all.set(message.seq, message);
  return [...all.values()].sort((one, other) => one.seq - other.seq);
}

function sorted(items: readonly ConversationInfo[]): readonly ConversationInfo[] {
  const at = (it: ConversationInfo): number => it.last?.sentAt ?? 0;
  return [...items].sort((one, other) => at(other) - at(one));
}

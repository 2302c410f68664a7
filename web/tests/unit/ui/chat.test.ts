import { describe, expect, it } from "vitest";

import type { Conversation, ConversationInfo, Message } from "../../../src/sdk/index.js";
import {
  keyOf,
  listed,
  NO_CHAT,
  reduceChat,
  threadOf,
  unreadOf,
  type ChatEvent,
  type ChatState,
} from "../../../src/ui/model/chat.js";

const BOB: Conversation = { user: "bob" };
const TEAM: Conversation = { group: "team" };
const message = (seq: number, more: Partial<Message> = {}): Message => ({
  conversation: BOB,
  seq,
  from: "bob",
  sentAt: seq * 1000,
  text: `m${seq}`,
  custom: "",
  recalled: false,
  ...more,
});
const info = (last: Message, unread = 0): ConversationInfo => ({
  conversation: last.conversation,
  last,
  unread,
  readSeq: last.seq - unread,
});
const all = (...events: ChatEvent[]): ChatState =>
  events.reduce(reduceChat, reduceChat(NO_CHAT, { type: "signedIn", me: "me" }));
const seqs = (state: ChatState): number[] => threadOf(state, BOB).messages.map((it) => it.seq);

describe("a thread", () => {
  it("has each message once, in order, from whatever side they come", () => {
    const state = all(
      { type: "message", message: message(5) },
      { type: "history", of: BOB, messages: [5, 4, 3].map((n) => message(n)), isWhole: false },
      { type: "message", message: message(7) },
      { type: "message", message: message(6) },
    );
    expect(seqs(state)).toEqual([3, 4, 5, 6, 7]);
    expect(threadOf(state, BOB).isWhole).toBe(false);
  });

  it("knows when there is nothing before", () => {
    const whole: ChatEvent = { type: "history", of: BOB, messages: [], isWhole: true };
    const later: ChatEvent = { ...whole, messages: [message(2)], isWhole: false };
    expect(threadOf(all(whole, later), BOB).isWhole).toBe(true);
  });

  it("tells people and groups of one name apart", () => {
    expect(keyOf({ user: "x" })).not.toBe(keyOf({ group: "x" }));
  });

  it("forgets the text of what was taken back, in the list too", () => {
    const state = all(
      { type: "message", message: message(1) },
      { type: "recalled", of: BOB, seq: 1 },
    );
    const [there] = threadOf(state, BOB).messages;
    expect(there).toMatchObject({ recalled: true });
    expect(there?.text).toBeUndefined();
    expect(state.conversations[0]?.last).toMatchObject({ recalled: true });
  });
});

describe("a text on its way", () => {
  const sending: ChatEvent = { type: "sending", to: BOB, text: "hello", at: 9 };

  it("stands there at once and becomes a message", () => {
    const state = all(sending);
    expect(threadOf(state, BOB).outgoing).toMatchObject([{ id: 1, text: "hello", failed: false }]);
    const sent = reduceChat(state, { type: "sent", id: 1, message: message(1, { from: "me" }) });
    expect(threadOf(sent, BOB).outgoing).toEqual([]);
    expect(seqs(sent)).toEqual([1]);
  });

  it("is the same message when the event comes first", () => {
    const told = message(1, { from: "me" });
    const state = all(
      sending,
      { type: "message", message: told },
      { type: "sent", id: 1, message: told },
    );
    expect(seqs(state)).toEqual([1]);
    expect(unreadOf(state)).toBe(0);
  });

  it("says that it failed", () => {
    const state = all(sending, sending, { type: "notSent", to: BOB, id: 1 });
    expect(threadOf(state, BOB).outgoing.map((it) => it.failed)).toEqual([true, false]);
  });
});

describe("the list", () => {
  it("has the latest first", () => {
    const team = message(1, { conversation: TEAM, sentAt: 50_000 });
    const state = all(
      { type: "conversations", items: [info(message(3)), info(team)] },
      { type: "message", message: message(60) },
    );
    expect(state.conversations.map((it) => keyOf(it.conversation))).toEqual(["u:bob", "g:team"]);
    expect(state.conversations[0]?.last?.seq).toBe(60);
  });

  it("shows groups in which nobody wrote yet, by when they began", () => {
    const groups = ["team", "quiet"].map((groupId) => ({
      groupId,
      name: "",
      owner: "me",
      createdAt: 2000,
    }));
    const team = message(1, { conversation: TEAM });
    const state = all(
      { type: "conversations", items: [info(team), info(message(3))] },
      { type: "groups", groups },
    );
    expect(listed(state).map((it) => keyOf(it.conversation))).toEqual([
      "u:bob",
      "g:quiet",
      "g:team",
    ]);
  });

  it("counts what others wrote, once, and not what one wrote", () => {
    const state = all(
      { type: "message", message: message(1) },
      { type: "message", message: message(1) },
      { type: "message", message: message(2, { from: "me" }) },
      { type: "message", message: message(3) },
    );
    expect(unreadOf(state)).toBe(2);
  });

  it("does not count old messages that come late", () => {
    const items = [info(message(9))];
    expect(
      unreadOf(all({ type: "conversations", items }, { type: "message", message: message(4) })),
    ).toBe(0);
  });

  it("counts down as one reads, here or elsewhere, and never up again", () => {
    const three = [1, 2, 3].map((n): ChatEvent => ({ type: "message", message: message(n) }));
    const some = all(...three, { type: "read", of: BOB, seq: 2 });
    expect(unreadOf(some)).toBe(1);
    const read = reduceChat(some, { type: "read", of: BOB, seq: 3 });
    expect(unreadOf(read)).toBe(0);
    expect(reduceChat(read, { type: "read", of: BOB, seq: 1 }).conversations).toEqual(
      read.conversations,
    );
  });
});

describe("a group", () => {
  const call = { callId: "c", mediaType: "audio", caller: "bob", members: [] } as const;

  it("has a running call until it is over", () => {
    const state = all({ type: "running", group: "team", call });
    expect(state.running["team"]).toEqual(call);
    expect(reduceChat(state, { type: "running", group: "team" }).running).toEqual({});
  });

  it("has members", () => {
    const members = [
      { user: "bob", role: "owner", nameCard: "", nickname: "", joinedAt: 0 },
    ] as const;
    expect(all({ type: "members", group: "team", members }).members["team"]).toBe(members);
  });
});

describe("an account", () => {
  it("sees nothing of the one before", () => {
    const state = all({ type: "message", message: message(1) });
    expect(reduceChat(state, { type: "signedIn", me: "me" })).toBe(state);
    expect(reduceChat(state, { type: "signedIn", me: "carol" }).conversations).toEqual([]);
    expect(reduceChat(state, { type: "signedOut" })).toEqual(NO_CHAT);
  });

  it("goes from page to page, and has a call log", () => {
    const state = all(
      { type: "go", place: { page: "profile", user: "bob" } },
      { type: "calls", calls: [] },
    );
    expect(state.place).toEqual({ page: "profile", user: "bob" });
    expect(state.calls).toEqual([]);
  });
});

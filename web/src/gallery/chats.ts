/** Every screen of the chat, and the page for signing in. */
import type {
  ChatApi,
  Conversation,
  ConversationInfo,
  Message,
  RecentCall,
  RunningCall,
} from "../sdk/index.js";
import "../ui/chat/calling-chat.js";
import type { CallingChat } from "../ui/chat/calling-chat.js";
import { FakeCalling } from "../ui/fake/fake-calling.js";
import type { ChatScreen } from "./chat-screens.js";
import { PEOPLE } from "./people.js";

const NOW = Date.now();
const MINUTE = 60_000;

interface Said {
  readonly of: Conversation;
  readonly seq: number;
  readonly from: string;
  readonly ago: number;
  readonly text?: string;
  readonly custom?: string;
  readonly recalled?: boolean;
}

function say({ of, seq, from, ago, text, custom = "", recalled = false }: Said): Message {
  const sentAt = NOW - ago * MINUTE;
  return {
    conversation: of,
    seq,
    from,
    sentAt,
    custom,
    recalled,
    ...(text !== undefined && { text }),
  };
}

interface Record {
  readonly action: number;
  readonly caller: string;
  readonly by?: string;
  readonly about?: readonly string[];
  readonly video?: boolean;
  readonly seconds?: number;
  readonly busy?: boolean;
  readonly group?: string;
}

/** A call message as the server stores it. */
function record({
  action,
  caller,
  by = caller,
  about = [],
  video = false,
  seconds,
  busy,
  group,
}: Record): string {
  const cmd = seconds === undefined ? (video ? "videoCall" : "audioCall") : "hangup";
  const data = JSON.stringify({
    version: 4,
    businessID: "av_call",
    platform: "Web",
    call_type: video ? 2 : 1,
    ...(seconds !== undefined && { call_end: seconds }),
    ...(busy === true && { line_busy: "line_busy" }),
    data: { cmd, inviter: caller, message: busy === true ? "lineBusy" : "" },
  });
  const envelope = {
    businessID: 1,
    actionType: action,
    inviteID: "i",
    inviter: by,
    inviteeList: about,
  };
  return JSON.stringify({ ...envelope, groupID: group ?? "", timeout: 30, data });
}

const BOB = { user: "bob" } as const;
const TEAM = { group: "team" } as const;

const direct: readonly Message[] = [
  say({ of: BOB, seq: 1, from: "bob", ago: 1600, text: "Are you free to look at the deck?" }),
  say({ of: BOB, seq: 2, from: "alice", ago: 1598, text: "Give me five minutes, then call me." }),
  say({
    of: BOB,
    seq: 3,
    from: "bob",
    ago: 1590,
    custom: record({ action: 1, caller: "bob", seconds: 754, video: true }),
  }),
  say({ of: BOB, seq: 4, from: "alice", ago: 190, custom: record({ action: 5, caller: "alice" }) }),
  say({ of: BOB, seq: 5, from: "bob", ago: 120, custom: record({ action: 2, caller: "bob" }) }),
  say({ of: BOB, seq: 6, from: "bob", ago: 119, text: "Sorry, wrong button" }),
  say({
    of: BOB,
    seq: 7,
    from: "bob",
    ago: 118,
    custom: record({ action: 4, caller: "bob", busy: true }),
  }),
  say({
    of: BOB,
    seq: 8,
    from: "alice",
    ago: 60,
    custom: record({ action: 4, caller: "alice", video: true }),
  }),
  say({ of: BOB, seq: 9, from: "alice", ago: 59, recalled: true }),
  say({
    of: BOB,
    seq: 10,
    from: "alice",
    ago: 8,
    custom: record({ action: 1, caller: "alice", by: "bob", seconds: 83 }),
  }),
  say({
    of: BOB,
    seq: 11,
    from: "bob",
    ago: 2,
    text: "Thanks! I will send the notes with the three numbers we talked about this afternoon.",
  }),
  say({ of: BOB, seq: 12, from: "alice", ago: 1, text: "Perfect." }),
];

const team: readonly Message[] = [
  say({ of: TEAM, seq: 1, from: "carol", ago: 300, text: "Planning at ten?" }),
  say({ of: TEAM, seq: 2, from: "bob", ago: 299, text: "Works for me." }),
  say({
    of: TEAM,
    seq: 3,
    from: "carol",
    ago: 240,
    custom: record({ action: 5, caller: "carol", about: ["dave", "erin"], group: "team" }),
  }),
  say({
    of: TEAM,
    seq: 4,
    from: "alice",
    ago: 239,
    text: "Let us try again in a quarter of an hour.",
  }),
  say({
    of: TEAM,
    seq: 5,
    from: "carol",
    ago: 180,
    custom: record({ action: 1, caller: "carol", video: true, seconds: 1, group: "team" }),
  }),
  say({ of: TEAM, seq: 6, from: "frank", ago: 20, text: "大家好，会议纪要在这里。" }),
];

function info(of: Conversation, last: Message, unread = 0): ConversationInfo {
  return { conversation: of, last, unread, readSeq: last.seq - unread };
}

const conversations: readonly ConversationInfo[] = [
  info(BOB, direct.at(-1) ?? say({ of: BOB, seq: 1, from: "bob", ago: 1 })),
  info(TEAM, team.at(-1) ?? say({ of: TEAM, seq: 1, from: "bob", ago: 1 }), 3),
  info(
    { user: "carol" },
    say({
      of: { user: "carol" },
      seq: 4,
      from: "carol",
      ago: 95,
      custom: record({ action: 5, caller: "carol", video: true }),
    }),
    1,
  ),
  info(
    { user: "grace" },
    say({
      of: { user: "grace" },
      seq: 9,
      from: "grace",
      ago: 1500,
      custom: record({ action: 1, caller: "grace", seconds: 3725 }),
    }),
  ),
  info(
    { user: "frank" },
    say({ of: { user: "frank" }, seq: 2, from: "frank", ago: 4400, text: "明天下午三点可以吗？" }),
  ),
  info(
    { user: "echo" },
    say({
      of: { user: "echo" },
      seq: 2,
      from: "alice",
      ago: 9000,
      custom: record({ action: 1, caller: "alice", video: true, seconds: 41 }),
    }),
  ),
];

const calls: readonly RecentCall[] = [
  ["outgoing", "alice", 8, 83_000, "audio"],
  ["missed", "bob", 120, 0, "audio"],
  ["outgoing", "alice", 190, 0, "audio"],
  ["incoming", "bob", 1590, 754_000, "video"],
].map(([result, inviter, ago, totalMs, mediaType], n) => ({
  callId: String(n),
  inviter,
  inviteList: inviter === "alice" ? ["bob"] : ["alice"],
  scene: "single",
  mediaType,
  role: inviter === "alice" ? "caller" : "callee",
  result,
  beginTime: NOW - Number(ago) * MINUTE,
  totalMs,
})) as readonly RecentCall[];

const running: RunningCall = {
  callId: "r",
  groupId: "team",
  mediaType: "video",
  caller: "carol",
  members: ["carol", "bob", "frank"].map((user) => ({ user, state: "connected" })),
};

function chatApi(screen: ChatScreen, profiles: ChatApi["profiles"]): Partial<ChatApi> {
  const isEmpty = screen === "chat-empty";
  return {
    profiles,
    conversations: () => Promise.resolve({ items: isEmpty ? [] : conversations }),
    history: (of, page) =>
      Promise.resolve(
        page?.before === undefined ? [...(of.group === undefined ? direct : team)].reverse() : [],
      ),
    myGroups: () =>
      Promise.resolve([
        { groupId: "team", name: "Weekly planning", owner: "carol", createdAt: NOW },
      ]),
    groupMembers: () =>
      Promise.resolve(
        ["carol", "alice", "bob", "dave", "erin", "frank", "grace"].map((user, n) => ({
          user,
          role: n === 0 ? "owner" : n === 2 ? "admin" : "member",
          nameCard: "",
          nickname: PEOPLE[user] ?? "",
          joinedAt: NOW,
        })),
      ),
    recentCalls: () => Promise.resolve({ items: calls }),
  };
}

/** Shows a screen of the chat, or of the page. */
export async function showChat(
  screen: ChatScreen,
  theme: string,
  profiles: ChatApi["profiles"],
): Promise<void> {
  if (screen === "sign-in" || screen === "sign-in-plain") return showSignIn(screen, theme);
  const chat = document.createElement("calling-chat");
  chat.theme = theme;
  chat.contacts = ["bob", "carol", "dave", "erin", "echo"];
  chat.calling = new FakeCalling({
    state: { connection: "connected", user: "alice" },
    chat: chatApi(screen, profiles),
    running: { team: running },
  });
  document.body.append(chat);
  await settled(chat);
  await act(screen, chat);
  await settled(chat);
}

async function act(screen: ChatScreen, chat: CallingChat): Promise<void> {
  const press = (name: string): void =>
    chat.shadowRoot?.querySelector<HTMLElement>(`[data-control=${name}]`)?.click();
  const head = (n: number): void =>
    chat.shadowRoot?.querySelectorAll<HTMLElement>(".side-head .icon-button")[n]?.click();
  switch (screen) {
    case "chat-direct": {
      chat.go({ page: "thread", with: BOB });
      return;
    }
    case "chat-group": {
      chat.go({ page: "thread", with: TEAM });
      return;
    }
    case "chat-profile": {
      chat.go({ page: "profile", user: "bob" });
      return;
    }
    case "chat-own-profile": {
      chat.go({ page: "profile", user: "alice" });
      return;
    }
    case "chat-group-page": {
      chat.go({ page: "group", group: "team" });
      return;
    }
    case "chat-new": {
      head(1);
      return;
    }
    case "chat-new-group": {
      head(0);
      return;
    }
    case "chat-group-call":
      chat.go({ page: "thread", with: TEAM });
      await settled(chat);
      {
        press("video");
        return;
      }
    default:
      return;
  }
}

async function showSignIn(screen: ChatScreen, theme: string): Promise<void> {
  const accounts = ["alice", "bob", "carol", "dave"].map((it) => ({ user_id: it, user_sig: "x" }));
  const status = screen === "sign-in" ? { demo: true, accounts } : { demo: false };
  window.fetch = () => Promise.resolve(Response.json(status));
  localStorage.setItem(
    "calling.preferences",
    JSON.stringify({ theme, language: document.documentElement.lang }),
  );
  sessionStorage.clear();
  await import("../page/calling-page.js");
  document.body.append(document.createElement("calling-page"));
  await new Promise((soon) => setTimeout(soon, 120));
}

async function settled(element: { updateComplete: Promise<boolean> }): Promise<void> {
  await element.updateComplete;
  await new Promise((soon) => setTimeout(soon, 80));
  await element.updateComplete;
}

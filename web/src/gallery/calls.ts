/** Every screen of the call window, by name. */
import type { CallingState, CallMember, CallState } from "../sdk/index.js";
import { callState, localMedia, member, type FakeCalling } from "../ui/fake/fake-calling.js";

/** How a screen is brought about. */
export interface Scenario {
  readonly state: CallingState;
  readonly then?: (fake: FakeCalling, root: ShadowRoot) => void | Promise<void>;
}

const AGO = 83_000;
const at = (call: Partial<CallState>): CallingState => ({
  connection: "connected",
  user: "alice",
  call: callState({
    caller: "alice",
    inviter: "alice",
    connectedAt: Date.now() - AGO,
    members: [member("alice"), member("bob")],
    ...call,
  }),
});
const me = (more: Partial<CallMember> = {}): CallMember => member("alice", more);
const bob = (more: Partial<CallMember> = {}): CallMember => member("bob", more);
const NAMES = [
  "bob",
  "carol",
  "dave",
  "erin",
  "frank",
  "grace",
  "heidi",
  "ivan",
  "judy",
  "mallory",
  "niaj",
];

function several(
  count: number,
  more: (n: number) => Partial<CallMember> = () => ({}),
): CallMember[] {
  return [me(), ...NAMES.slice(0, count - 1).map((user, n) => member(user, more(n)))];
}

const video = { mediaType: "video", local: localMedia({ camera: true }) } as const;
const seen = { camera: true };
const click = (root: ShadowRoot, control: string): void =>
  root.querySelector<HTMLElement>(`[data-control=${control}]`)?.click();

const waiting = { connectedAt: undefined as never };
const pending = {
  state: "pending",
  entered: false,
  audio: false,
  ringing: true,
  quality: 0,
} as const;
const calledBy = {
  role: "callee",
  caller: "bob",
  inviter: "bob",
  phase: "incoming",
  ...waiting,
} as const;

export const CALLS: Readonly<Record<string, Scenario>> = {
  "outgoing-voice": {
    state: at({ phase: "outgoing", members: [me(), bob(pending)], ...waiting }),
  },
  "outgoing-video": {
    state: at({ phase: "outgoing", members: [me(), bob(pending)], ...waiting, ...video }),
  },
  "outgoing-group": {
    state: at({
      phase: "outgoing",
      isGroup: true,
      groupId: "team",
      members: several(5, () => pending),
      ...waiting,
    }),
  },
  "incoming-voice": { state: at({ ...calledBy, members: [bob(), me(pending)] }) },
  "incoming-video": {
    state: at({ ...calledBy, mediaType: "video", members: [bob(), me(pending)] }),
  },
  "incoming-group": {
    state: at({
      ...calledBy,
      isGroup: true,
      mediaType: "video",
      members: [bob(), me(pending), member("carol"), member("dave", pending)],
    }),
  },
  connecting: { state: at({ ...calledBy, phase: "accepting", members: [bob(), me()] }) },
  voice: { state: at({ members: [me({ volume: 20 }), bob({ volume: 46 })] }) },
  "voice-muted": {
    state: at({
      members: [me(), bob({ audio: false })],
      local: localMedia({ micMuted: true }),
    }),
  },
  "voice-more": {
    state: at({}),
    then: (_, root) => click(root, "more"),
  },
  "voice-speaker": {
    state: at({}),
    then: (_, root) => click(root, "speaker"),
  },
  "voice-listen-only": {
    state: at({
      local: localMedia({
        microphone: false,
        playbackBlocked: true,
        listenOnly: { device: "microphone", reason: "denied", message: "" },
      }),
    }),
  },
  reconnecting: {
    state: {
      ...at({ members: [me({ quality: 6 }), bob({ quality: 6 })] }),
      connection: "reconnecting",
    },
  },
  "peer-away": { state: at({ members: [me(), bob({ entered: false, audio: false })] }) },
  "video-peer-away": {
    state: at({ ...video, members: [me({ camera: true }), bob({ entered: false, audio: false })] }),
  },
  "poor-network": { state: at({ members: [me({ quality: 4 }), bob()] }) },
  video: { state: at({ ...video, members: [me({ camera: true }), bob(seen)] }) },
  "video-camera-off": {
    state: at({ ...video, local: localMedia(), members: [me(), bob({ audio: false })] }),
  },
  "video-swapped": {
    state: at({ ...video, members: [me({ camera: true }), bob(seen)] }),
    then: (_, root) => root.querySelector<HTMLElement>(".corner")?.click(),
  },
  "video-more": {
    state: at({ ...video, members: [me({ camera: true }), bob(seen)] }),
    then: (_, root) => click(root, "more"),
  },
  "video-screen": {
    state: at({ ...video, members: [me({ camera: true }), bob({ camera: true, screen: true })] }),
  },
  ...Object.fromEntries(
    [2, 3, 4, 6, 9].map((count): [string, Scenario] => [
      `group-${count}`,
      {
        state: at({
          ...video,
          isGroup: true,
          groupId: "team",
          members: several(count, (n) => ({
            camera: n % 4 !== 2,
            audio: n % 3 !== 1,
            volume: n === 0 ? 52 : 0,
            quality: n === 3 ? 4 : 1,
          })),
        }),
      },
    ]),
  ),
  "group-voice": {
    state: at({
      isGroup: true,
      groupId: "team",
      members: several(5, (n) => (n === 3 ? pending : { volume: n === 1 ? 60 : 0 })),
    }),
  },
  "group-paged": {
    state: at({
      ...video,
      isGroup: true,
      groupId: "team",
      members: several(12, (n) => ({ camera: n % 3 !== 2, volume: n === 4 ? 40 : 0 })),
    }),
  },
  "group-screen": {
    state: at({
      ...video,
      isGroup: true,
      groupId: "team",
      members: several(5, (n) => ({ camera: true, screen: n === 1 })),
    }),
  },
  "group-invite": {
    state: at({ ...video, isGroup: true, groupId: "team", members: several(3, () => seen) }),
    then: (_, root) => root.querySelector<HTMLElement>(".head .right .icon-button")?.click(),
  },
  "group-notices": {
    state: at({ ...video, isGroup: true, groupId: "team", members: several(3, () => seen) }),
    then: (fake) => {
      const callId = "6f0c";
      fake.emit("inviteesChanged", { callId, by: "bob", users: [], invited: ["dave", "erin"] });
      fake.emit("rejected", { callId, user: "dave" });
      fake.emit("joined", { callId, user: "erin" });
    },
  },
  sharing: {
    state: at({
      ...video,
      local: localMedia({ camera: true, screen: true }),
      members: [me({ camera: true, screen: true }), bob(seen)],
    }),
  },
  "mini-voice": {
    state: at({}),
    then: (_, root) => root.querySelector<HTMLElement>(".head .icon-button")?.click(),
  },
  "mini-video": {
    state: at({ ...video, members: [me({ camera: true }), bob(seen)] }),
    then: (_, root) => root.querySelector<HTMLElement>(".head .icon-button")?.click(),
  },
  "ended-talked": ended({}, "completed", 83_000),
  "ended-declined": ended({ mediaType: "video" }, "rejected", 0),
  "ended-missed": ended(
    { role: "callee", caller: "bob", inviter: "bob", phase: "incoming" },
    "no_answer",
    0,
  ),
  "ended-group": ended({ isGroup: true, groupId: "team" }, "completed", 611_000),
};

function ended(
  call: Partial<CallState>,
  outcome: "completed" | "rejected" | "no_answer",
  durationMs: number,
): Scenario {
  const before = at(call);
  return {
    state: before,
    then: (fake) => {
      fake.put({ connection: "connected", user: "alice" });
      const last = before.call;
      if (last !== undefined) {
        fake.emit("ended", { callId: last.callId, outcome, durationMs, call: last });
      }
    },
  };
}

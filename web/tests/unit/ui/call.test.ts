import { describe, expect, it } from "vitest";

import type { CallingState, CallState, MediaType } from "../../../src/sdk/index.js";
import { callState, localMedia, member } from "../../../src/ui/fake/fake-calling.js";
import {
  IDLE,
  isCameraWanted,
  MAX_NOTICES,
  mayMinimize,
  others,
  peerOf,
  phaseOf,
  reduce,
  self,
  type CallView,
  type ViewEvent,
} from "../../../src/ui/model/call.js";

const state = (call?: Partial<CallState>): ViewEvent => ({
  type: "state",
  state: {
    connection: "connected",
    user: "me",
    ...(call && { call: callState(call) }),
  } satisfies CallingState,
});
const all = (...events: ViewEvent[]): CallView => events.reduce(reduce, IDLE);
const group = { isGroup: true, members: ["me", "bob", "carol"].map((user) => member(user)) };
const ended = (call: Partial<CallState> = {}): ViewEvent => ({
  type: "ended",
  call: callState(call),
  outcome: "completed",
  durationMs: 5000,
});

describe("the phase", () => {
  it.each([
    ["outgoing", "outgoing"],
    ["incoming", "incoming"],
    ["accepting", "connecting"],
    ["connected", "connected"],
  ] as const)("of a call that is %s is %s", (phase, shown) => {
    expect(phaseOf(all(state({ phase })))).toBe(shown);
  });

  it("is idle without a call, ended after one, and idle once that was seen", () => {
    expect(phaseOf(all(state(), state()))).toBe("idle");
    const over = all(state({}), state(), ended());
    expect(phaseOf(over)).toBe("ended");
    expect(over.ended?.durationMs).toBe(5000);
    expect(phaseOf(reduce(over, { type: "dismiss" }))).toBe("idle");
  });

  it("tells at once that it is over, and how as soon as that is told", () => {
    const gone = all(state({}), state());
    expect([phaseOf(gone), gone.ended?.isProvisional]).toEqual(["ended", true]);
    const told = reduce(gone, ended());
    expect([told.ended?.isProvisional, told.ended?.durationMs]).toEqual([undefined, 5000]);
  });

  it("stays ended while the account's state changes, until the next call", () => {
    const over = all(state({}), ended(), state());
    expect(phaseOf(over)).toBe("ended");
    expect(phaseOf(reduce(over, state({ callId: "next", phase: "incoming" })))).toBe("incoming");
  });

  it("is not changed by the end of an earlier call", () => {
    const now = all(state({ callId: "second" }));
    expect(reduce(now, ended({ callId: "first" }))).toBe(now);
  });
});

describe("what a window keeps beside the call", () => {
  it("begins anew with every call", () => {
    const used = all(
      state(group),
      { type: "pin", user: "bob" },
      { type: "page", page: 2 },
      { type: "swap" },
      { type: "minimize" },
      { type: "joined", user: "bob" },
    );
    expect(used).toMatchObject({ pinned: "bob", page: 2, swapped: true, minimized: true });
    const next = reduce(used, state({ callId: "next" }));
    expect(next).toMatchObject({ page: 0, swapped: false, minimized: false, notices: [] });
    expect(next.pinned).toBeUndefined();
  });

  it("is kept while the call changes", () => {
    const view = all(state(group), { type: "pin", user: "bob" }, { type: "minimize" });
    expect(reduce(view, state(group))).toMatchObject({ pinned: "bob", minimized: true });
  });

  it("lets go of who was large and left", () => {
    const left = [member("me"), member("bob", { state: "left" }), member("carol")];
    const view = all(
      state(group),
      { type: "pin", user: "bob" },
      state({ ...group, members: left }),
    );
    expect(view.pinned).toBeUndefined();
  });

  it("keeps oneself large", () => {
    expect(all(state(group), { type: "pin", user: "me" }, state(group)).pinned).toBe("me");
  });

  it("shows everybody again", () => {
    expect(all(state(group), { type: "pin", user: "bob" }, { type: "pin" }).pinned).toBeUndefined();
  });

  it("has no page before the first", () => {
    expect(all(state(group), { type: "page", page: -1 }).page).toBe(0);
  });

  it.each([
    ["incoming", false],
    ["outgoing", true],
    ["accepting", true],
    ["connected", true],
  ] as const)("may be small while %s: %s", (phase, may) => {
    const view = all(state({ phase }), { type: "minimize" });
    expect([mayMinimize(view), view.minimized]).toEqual([may, may]);
    expect(reduce(view, { type: "restore" }).minimized).toBe(false);
  });

  it("is large again when the call is over", () => {
    expect(all(state({}), { type: "minimize" }, state(), ended()).minimized).toBe(false);
  });
});

describe("who speaks", () => {
  const with_ = (...volumes: number[]): Partial<CallState> => ({
    isGroup: true,
    members: [member("me"), ...volumes.map((volume, n) => member(`u${n}`, { volume }))],
  });

  it("is known from the first state on", () => {
    expect(all(state(with_(0, 50))).speaker).toBe("u1");
  });

  it("stays while another one is not clearly louder", () => {
    expect(all(state(with_(50, 0)), state(with_(40, 50))).speaker).toBe("u0");
    expect(all(state(with_(50, 0)), state(with_(20, 50))).speaker).toBe("u1");
  });

  it("is never oneself", () => {
    const members = [member("me", { volume: 90 }), member("bob")];
    expect(all(state({ isGroup: true, members })).speaker).toBeUndefined();
  });
});

describe("pictures", () => {
  const isWanted = (mediaType: MediaType, camera: boolean, entered: boolean): boolean => {
    const bob = member("bob", { camera, entered });
    return isCameraWanted(all(state({ mediaType, members: [member("me"), bob] })), bob);
  };

  it("are asked for from when somebody is in a video call, camera on or not", () => {
    expect(isWanted("video", false, true)).toBe(true);
    expect(isWanted("video", true, true)).toBe(true);
    expect(isWanted("video", false, false)).toBe(false);
  });

  it("are asked for in a voice call while a camera is on", () => {
    expect(isWanted("audio", false, true)).toBe(false);
    expect(isWanted("audio", true, true)).toBe(true);
  });
});

describe("transient lines", () => {
  it.each(["rejected", "busy", "noResponse", "joined"] as const)("tell a group: %s", (type) => {
    expect(all(state(group), { type, user: "bob" }).notices).toMatchObject([
      { kind: type, users: ["bob"] },
    ]);
    expect(all(state({}), { type, user: "bob" }).notices).toEqual([]);
  });

  it("tell apart who left and who was lost", () => {
    const kinds = [false, true].map(
      (lost) => all(state(group), { type: "left", user: "bob", lost }).notices[0]?.kind,
    );
    expect(kinds).toEqual(["left", "lost"]);
    expect(all(state({}), { type: "left", user: "bob", lost: false }).notices).toEqual([]);
  });

  it("tell who invited whom", () => {
    const view = all(state(group), { type: "invited", by: "bob", users: ["dave", "erin"] });
    expect(view.notices[0]?.users).toEqual(["bob", "dave", "erin"]);
  });

  it("tell of a switch by others, not of one's own", () => {
    const switched = (by?: string): string | undefined =>
      all(state({}), { type: "switched", to: "audio", ...(by !== undefined && { by }) }).notices[0]
        ?.kind;
    expect([switched("bob"), switched("me"), switched()]).toEqual([
      "switchedToAudio",
      undefined,
      undefined,
    ]);
    const video = all(state({}), { type: "switched", to: "video", by: "bob" });
    expect(video.notices[0]?.kind).toBe("switchedToVideo");
  });

  it("carry what is wrong", () => {
    const problem = { device: "camera", reason: "missing", message: "" } as const;
    const view = all(state({}), { type: "problem", problem }, { type: "error", message: "no" });
    expect(view.notices).toMatchObject([
      { kind: "device", problem },
      { kind: "error", message: "no" },
    ]);
  });

  it("are few, numbered once, and go", () => {
    const many = Array.from({ length: 5 }, (): ViewEvent => ({ type: "joined", user: "bob" }));
    const view = all(state(group), ...many);
    expect(view.notices.map((it) => it.id)).toEqual([3, 4, 5]);
    expect(view.notices).toHaveLength(MAX_NOTICES);
    const rest = reduce(view, { type: "noticeOver", id: 4 });
    expect(rest.notices.map((it) => it.id)).toEqual([3, 5]);
  });
});

describe("people", () => {
  it("are those in the call or rung for it", () => {
    const members = [
      member("me"),
      member("a"),
      member("b", { state: "pending" }),
      member("c", { state: "rejected" }),
      member("d", { state: "busy" }),
      member("e", { state: "no_answer" }),
      member("f", { state: "left" }),
      member("g", { state: "removed" }),
    ];
    const view = all(state({ isGroup: true, members, local: localMedia() }));
    expect(others(view).map((it) => it.user)).toEqual(["a", "b"]);
    expect(self(view)?.user).toBe("me");
  });

  it("are oneself and a peer in a call of two", () => {
    expect(peerOf(callState({}), "me")).toBe("bob");
    const called = { role: "callee", caller: "bob", inviter: "carol" } as const;
    expect(peerOf(callState({ ...called, phase: "incoming" }), "me")).toBe("carol");
    expect(peerOf(callState({ ...called, phase: "connected" }), "me")).toBe("bob");
  });
});

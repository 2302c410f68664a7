import { expect, test } from "vitest";
import type { Told } from "../../../src/sdk/emitter.js";
import { newModel, reduce, type Input, type Model } from "../../../src/sdk/model.js";
import type { WireCall, WireEvent, WireFacts } from "../../../src/sdk/wire.js";

const FACTS: WireFacts = {
  call_id: "c1",
  caller: "alice",
  callees: ["bob"],
  media_type: "audio",
  timeout_s: 30,
};
const GROUP: WireFacts = { ...FACTS, callees: ["bob", "carol"], group_id: "team" };

/** A mirror that remembers what it told. */
class Mirror {
  model: Model;
  told: Told[] = [];

  constructor(me: string) {
    this.model = newModel(me);
  }

  do(...inputs: Input[]): this {
    for (const input of inputs) {
      const { model, told } = reduce(this.model, input);
      this.model = model;
      this.told.push(...told);
    }
    return this;
  }

  /** An event of the server, at `at` of the own clock. */
  on<E extends WireEvent["event"]>(
    event: E,
    params: Extract<WireEvent, { event: E }>["params"],
    at = 1_000,
  ): this {
    return this.do({ kind: "event", at, event: { event, params } as WireEvent });
  }

  get call() {
    return this.model.call;
  }

  get names(): string[] {
    return this.told.map((it) => it.event);
  }

  state(user: string): string | undefined {
    return this.call?.members.find((it) => it.user === user)?.state;
  }
}

const reply = (facts: WireFacts, connected = false): WireCall => ({
  facts,
  role: "caller",
  connected,
  members: [
    { user: "alice", state: "connected" },
    ...facts.callees.map((user) => ({ user, state: "pending" as const })),
  ],
});

const placed = (facts = FACTS): Mirror =>
  new Mirror("alice").do({ kind: "placing" }, { kind: "placed", at: 0, reply: reply(facts) });
const rung = (facts = FACTS): Mirror =>
  new Mirror("bob").on("invited", { facts, remaining_ms: 20_000 }, 0);
const of = (user: string) => ({ call_id: "c1", user });

test("a call that is answered begins with the answer", () => {
  const alice = placed().on("ringing", of("bob"));
  expect(alice.call).toMatchObject({ phase: "outgoing", role: "caller", ringsUntil: 30_000 });
  expect(alice.call?.members[1]).toMatchObject({ user: "bob", ringing: true });
  alice.on("accepted", of("bob"), 5_000);
  expect(alice.call).toMatchObject({ phase: "connected", connectedAt: 5_000 });
  expect(alice.call).not.toHaveProperty("ringsUntil");
  alice.on("ended", { call_id: "c1", outcome: "completed", by: "bob", duration_ms: 7_000 });
  expect(alice.call).toBeUndefined();
  expect(alice.names).toEqual(["ringing", "accepted", "began", "ended"]);
  expect(alice.told.at(-1)?.told).toMatchObject({ outcome: "completed", by: "bob", durationMs: 7_000 });
});

test("news that overtake the answer to the request are not lost", () => {
  const alice = new Mirror("alice").do({ kind: "placing" });
  alice.on("ringing", of("bob")).on("accepted", of("bob"));
  expect(alice.names).toEqual([]);
  alice.do({ kind: "placed", at: 2_000, reply: reply(FACTS) });
  expect(alice.names).toEqual(["ringing", "accepted", "began"]);
  expect(alice.call?.phase).toBe("connected");
});

test("of a request that failed nothing stays", () => {
  const alice = new Mirror("alice").do({ kind: "placing" });
  alice.on("ringing", of("bob")).do({ kind: "placed", at: 2_000 });
  expect(alice.model).toEqual(newModel("alice"));
});

test("what rings is answered by the server's word", () => {
  const bob = rung();
  expect(bob.told[0]?.told).toMatchObject({ inviter: "alice", users: [], remainingMs: 20_000 });
  expect(bob.call).toMatchObject({ phase: "incoming", ringsUntil: 20_000 });
  bob.do({ kind: "answering" });
  expect(bob.call?.phase).toBe("accepting");
  bob.do({ kind: "answered", at: 900, reply: reply(FACTS, true) });
  expect(bob.call).toMatchObject({ phase: "connected", connectedAt: 900 });
  expect(bob.names).toEqual(["invited", "began"]);
});

test("an answer that fails lets it ring on", () => {
  const bob = rung().do({ kind: "answering" }, { kind: "answered", at: 900 });
  expect(bob.call?.phase).toBe("incoming");
});

test("while it rings, another's answer does not begin it here", () => {
  const carol = new Mirror("carol").on("invited", { facts: GROUP, remaining_ms: 20_000 }, 0);
  carol.on("accepted", of("bob"));
  expect(carol.call?.phase).toBe("incoming");
  expect(carol.state("bob")).toBe("connected");
});

test.each([
  ["cancelled", of("alice"), "cancelled"],
  ["timed_out", { call_id: "c1", users: ["bob"] }, "timedOut"],
  ["handled_elsewhere", { call_id: "c1", accepted: true }, "handledElsewhere"],
] satisfies [WireEvent["event"], object, string][])("%s ends the ringing, also while it is answered", (event, params, told) => {
  for (const bob of [rung(), rung().do({ kind: "answering" })]) {
    bob.do({ kind: "event", at: 800, event: { event, params } as WireEvent });
    expect(bob.call).toBeUndefined();
    expect(bob.names).toEqual(["invited", told]);
    // An answer that crossed it changes nothing.
    bob.do({ kind: "answered", at: 900, reply: reply(FACTS, true) });
    expect(bob.call).toBeUndefined();
  }
});

test("what rings too long without a word is over", () => {
  const bob = rung().do({ kind: "tick", at: 24_999 });
  expect(bob.call).toBeDefined();
  bob.do({ kind: "tick", at: 25_000 });
  expect(bob.names).toEqual(["invited", "timedOut"]);
  bob.on("timed_out", { call_id: "c1", users: ["bob"] });
  expect(bob.names).toHaveLength(2);
});

test("who hangs up is out at once, and told the end by the server", () => {
  const alice = placed().on("accepted", of("bob"), 1_000).do({ kind: "leave", at: 4_000 });
  expect(alice.call).toBeUndefined();
  expect(alice.names).not.toContain("ended");
  alice.on("ended", { call_id: "c1", outcome: "completed", by: "alice", duration_ms: 2_900 });
  alice.do({ kind: "tick", at: 99_000 });
  const ends = alice.told.filter((it) => it.event === "ended");
  expect(ends.map((it) => it.told)).toMatchObject([{ durationMs: 2_900, call: { phase: "connected" } }]);
});

test("an end the server does not tell is guessed", () => {
  const alice = placed().on("accepted", of("bob"), 1_000).do({ kind: "leave", at: 4_000 });
  alice.do({ kind: "tick", at: 8_999 });
  expect(alice.names).not.toContain("ended");
  alice.do({ kind: "tick", at: 9_000 });
  expect(alice.told.at(-1)).toMatchObject({
    event: "ended",
    told: { outcome: "completed", by: "alice", durationMs: 3_000 },
  });
  const bob = rung().do({ kind: "leave", at: 1_000 }, { kind: "tick", at: 9_000 });
  expect(bob.told.at(-1)?.told).toMatchObject({ outcome: "rejected", durationMs: 0 });
});

test("two who call each other are connected in the one call", () => {
  const bob = new Mirror("bob").do({ kind: "placing" });
  bob.on("invited", { facts: FACTS, remaining_ms: 20_000 });
  const glare: WireCall = { ...reply(FACTS, true), role: "callee" };
  bob.do({ kind: "placed", at: 2_000, reply: glare });
  expect(bob.call).toMatchObject({ callId: "c1", phase: "connected", role: "callee" });
  expect(bob.names).toEqual(["invited", "began"]);
});

test("what began to ring while another call was placed is declined as busy", () => {
  const bob = new Mirror("bob").do({ kind: "placing" });
  bob.on("invited", { facts: FACTS, remaining_ms: 20_000 });
  const other: WireFacts = { ...FACTS, call_id: "c2", caller: "bob", callees: ["carol"] };
  bob.do({ kind: "placed", at: 2_000, reply: reply(other) }, { kind: "tick", at: 9_000 });
  expect(bob.call?.callId).toBe("c2");
  expect(bob.told.at(-1)?.told).toMatchObject({ callId: "c1", outcome: "busy" });
});

test("a group call knows how everybody stands", () => {
  const alice = placed(GROUP).on("rejected", of("bob")).on("accepted", of("carol"));
  expect(alice.call).toMatchObject({ isGroup: true, groupId: "team", phase: "connected" });
  alice.on("invitees_changed", { call_id: "c1", by: "carol", users: ["bob", "carol", "dave"], invited: ["dave"] });
  alice.on("joined", of("erin")).on("no_response", of("dave"));
  expect(["bob", "carol", "dave", "erin"].map((user) => alice.state(user))).toEqual([
    "rejected", "connected", "no_answer", "connected",
  ]);
  alice.on("user_entered", { ...of("carol"), audio_ssrc: 7 });
  alice.on("audio_available", { ...of("carol"), available: true });
  alice.on("video_available", { ...of("carol"), track: "screen", available: true });
  alice.on("volumes", { call_id: "c1", volumes: [{ user: "carol", volume: 40 }], total: 40 });
  const carol = () => alice.call?.members.find((it) => it.user === "carol");
  expect(carol()).toMatchObject({ entered: true, audio: true, screen: true, camera: false, volume: 40 });
  alice.on("member_left", { ...of("carol"), reason: 2 });
  expect(carol()).toMatchObject({ state: "removed", entered: false, audio: false, screen: false, volume: 0 });
});

test("after doubt the server's word stands, and what is known of media stays", () => {
  const alice = placed(GROUP).on("user_entered", { ...of("carol"), audio_ssrc: 7 });
  const now = reply({ ...GROUP, media_type: "video" }, true);
  alice.do({ kind: "synced", at: 3_000, reply: now });
  expect(alice.call).toMatchObject({ phase: "connected", mediaType: "video" });
  expect(alice.told.find((it) => it.event === "mediaTypeChanged")?.told).toEqual({
    callId: "c1", old: "audio", new: "video",
  });
  expect(alice.call?.members.find((it) => it.user === "carol")?.entered).toBe(true);
  alice.do({ kind: "synced", at: 4_000, reply: now });
  expect(alice.names.filter((it) => it === "began")).toHaveLength(1);
});

test("a call the server knows nothing of is over", () => {
  const alice = placed().on("accepted", of("bob"), 1_000).do({ kind: "gone", at: 3_000, callId: "c1" });
  expect(alice.told.at(-1)?.told).toMatchObject({ outcome: "peer_lost", durationMs: 2_000 });
  const bob = rung().do({ kind: "gone", at: 1_000, callId: "c1" });
  expect(bob.names).toEqual(["invited", "cancelled"]);
  expect(rung().do({ kind: "gone", at: 1_000, callId: "c9" }).call).toBeDefined();
});

test("who has a microphone does not merely listen", () => {
  const listenOnly = { device: "microphone", reason: "denied", message: "" } as const;
  const bob = rung().do({ kind: "local", patch: { listenOnly } });
  expect(bob.call?.local.listenOnly).toEqual(listenOnly);
  bob.do({ kind: "local", patch: { microphone: true } });
  expect(bob.call?.local).not.toHaveProperty("listenOnly");
  expect(bob.call?.members.find((it) => it.user === "bob")).toMatchObject({ audio: true });
});

test("news of another call, and of newer servers, change nothing", () => {
  const alice = placed().on("accepted", of("bob"));
  const before = alice.model;
  alice.on("ended", { call_id: "c9", outcome: "completed", duration_ms: 0 });
  const news = { event: "applauded", params: of("bob") } as unknown as WireEvent;
  alice.do({ kind: "event", at: 0, event: news });
  expect(alice.model).toEqual(before);
});

/** A repeatable die (mulberry32). */
function die(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

/** Anything that may happen to bob, at any time. */
function anything(roll: (sides: number) => number, at: number): Input {
  const facts = { ...[FACTS, GROUP][roll(2)]!, call_id: `c${roll(2)}` };
  const user = ["alice", "bob", "carol"][roll(3)]!;
  const call = { call_id: facts.call_id, user };
  const events: WireEvent[] = [
    { event: "invited", params: { facts, remaining_ms: roll(20_000) } },
    { event: "ringing", params: call },
    { event: "accepted", params: call },
    { event: "rejected", params: call },
    { event: "line_busy", params: call },
    { event: "cancelled", params: call },
    { event: "timed_out", params: { ...call, users: [user] } },
    { event: "handled_elsewhere", params: { ...call, accepted: roll(2) === 0 } },
    { event: "ended", params: { ...call, outcome: "completed", duration_ms: 1 } },
    { event: "joined", params: call },
    { event: "member_left", params: { ...call, reason: 0 } },
    { event: "user_entered", params: { ...call, audio_ssrc: roll(9) } },
    { event: "user_left", params: { ...call, reason: 1 } },
    { event: "invitees_changed", params: { ...call, by: user, users: ["dave"], invited: ["dave"] } },
    { event: "media_type_changed", params: { ...call, by: user, media_type: "video" } },
  ];
  const answer = reply(facts, roll(2) === 0);
  const inputs: Input[] = [
    ...events.map((event) => ({ kind: "event", at, event }) as const),
    { kind: "placing" },
    { kind: "placed", at, ...(roll(3) > 0 && { reply: answer }) },
    { kind: "answering" },
    { kind: "answered", at, ...(roll(3) > 0 && { reply: answer }) },
    { kind: "synced", at, reply: answer },
    { kind: "gone", at, callId: facts.call_id },
    { kind: "leave", at },
    { kind: "tick", at },
    { kind: "local", patch: { state: "connected" } },
  ];
  return inputs[roll(inputs.length)]!;
}

/** Which events end a call here. */
const ENDS = new Set(["ended", "cancelled", "timedOut", "handledElsewhere"]);

test("whatever happens in whatever order, each ringing and each conversation ends exactly once", () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const roll = die(seed);
    const bob = new Mirror("bob");
    for (let at = 0; at < 200_000; at += 1 + roll(4_000)) bob.do(anything(roll, at));
    bob.do({ kind: "leave", at: 300_000 }, { kind: "tick", at: 400_000 });
    const open = new Set<string>();
    for (const { event, told } of bob.told) {
      if (!("callId" in told)) continue;
      const { callId } = told;
      if (event === "invited") {
        expect(open.has(callId), `seed ${seed}: ${callId} rings twice`).toBe(false);
        open.add(callId);
      } else if (event === "began") {
        open.add(callId);
      } else if (ENDS.has(event)) {
        open.delete(callId);
      }
    }
    expect([...open], `seed ${seed}: never ended`).toEqual([]);
    expect(bob.call).toBeUndefined();
  }
});

test("a page that was loaded anew goes on with the call it was in", () => {
  const kept = { user: "alice", callId: "c1", connectedAt: 400, micMuted: true, camera: false };
  const mirror = new Mirror("alice");
  mirror.do({ kind: "restored", at: 5_000, reply: reply(FACTS, true), kept });
  expect(mirror.names).toEqual(["began"]);
  expect(mirror.call).toMatchObject({
    phase: "connected",
    role: "caller",
    connectedAt: 400,
    isRestored: true,
    local: { micMuted: true },
  });
  mirror.on("user_entered", { call_id: "c1", user: "bob", audio_ssrc: 1, video: [] });
  expect(mirror.call?.members.find((it) => it.user === "bob")?.entered).toBe(true);
});

test("one that still rings goes on to ring; another call than the kept one is none of it", () => {
  const kept = { user: "alice", callId: "c1", micMuted: false, camera: false };
  const waits = new Mirror("alice").do({ kind: "restored", at: 0, reply: reply(FACTS), kept });
  expect([waits.call?.phase, waits.names]).toEqual(["outgoing", []]);
  const other = { ...kept, callId: "c2" };
  const none = new Mirror("alice").do({ kind: "restored", at: 0, reply: reply(FACTS), kept: other });
  expect(none.call).toBeUndefined();
});

import { expect, test } from "vitest";
import { Expected } from "../../../src/sdk/media/expected.js";
import { callOf } from "../../../src/sdk/call-state.js";
import { member } from "../../../src/sdk/convert.js";
import type { CallMember, CallState, MediaType, MemberState } from "../../../src/sdk/types.js";
import type { WireEvent } from "../../../src/sdk/wire.js";

function call(mediaType: MediaType, others: readonly CallMember[]): CallState {
  const facts = {
    call_id: "c",
    caller: "alice",
    callees: others.map((it) => it.user),
    media_type: mediaType,
    timeout_s: 30,
    room_id: 1,
    user_data: "",
  };
  return callOf(facts, "outgoing", [member({ user: "alice", state: "connected" }), ...others]);
}

const person = (user: string, state: MemberState, entered = false): CallMember => ({
  ...member({ user, state }),
  entered,
});

const entered = (user: string, ssrc: number): WireEvent => ({
  event: "user_entered",
  params: { call_id: "c", user, audio_ssrc: ssrc, video: [{ track: "camera", ssrc: ssrc + 1 }] },
});

test("there are places for who is rung, and for a camera that nothing shows yet", () => {
  const expected = new Expected();
  const rings = call("video", [person("bob", "pending")]);
  expect(expected.wanted(rings, "alice", [])).toEqual([
    { user: "bob", track: "audio" },
    { user: "bob", track: "camera", size: "large" },
  ]);
  expect(expected.wanted({ ...rings, mediaType: "audio" }, "alice", [])).toHaveLength(1);
});

test("who enters keeps the places, which are known by their streams", () => {
  const expected = new Expected();
  const talks = call("video", [person("bob", "connected", true)]);
  expect(expected.told(entered("bob", 7))).toBe(true);
  expect(expected.told(entered("bob", 7))).toBe(false);
  const view = { user: "bob", track: "camera", size: "small" } as const;
  expect(expected.wanted(talks, "alice", [view])).toEqual([
    { user: "bob", track: "audio", ssrc: 7 },
    { user: "bob", track: "camera", size: "small", ssrc: 8 },
  ]);
});

test("a camera that nothing shows after a while has no place", () => {
  const expected = new Expected();
  const talks = call("video", [person("bob", "connected", true), person("carol", "pending")]);
  expected.told(entered("bob", 7));
  expected.settle();
  const cameras = expected.wanted(talks, "alice", []).filter((it) => it.track === "camera");
  expect(cameras.map((it) => it.user)).toEqual(["carol"]);
});

test("who declined or left is not expected, and of many only so many are", () => {
  const expected = new Expected();
  const gone = call("audio", [person("bob", "rejected"), person("carol", "left")]);
  expect(expected.wanted(gone, "alice", [])).toEqual([]);
  const many = Array.from({ length: 30 }, (_, number) => person(`u${number}`, "pending"));
  const some = call("audio", [...many, person("bob", "connected", true)]);
  const users = expected.wanted(some, "alice", []).map((it) => it.user);
  expect(users).toHaveLength(8);
  expect(users).toContain("bob");
});

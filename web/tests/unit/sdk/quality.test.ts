import { expect, test } from "vitest";
import { grade, judge, snapshot, summary, type Snapshot } from "../../../src/sdk/media/quality.js";

const inbound = (mid: string, more: object): Record<string, unknown> => ({
  type: "inbound-rtp",
  kind: "audio",
  mid,
  packetsReceived: 0,
  packetsLost: 0,
  ...more,
});
const pair = (bytesReceived: number, currentRoundTripTime?: number): Record<string, unknown> => ({
  type: "candidate-pair",
  nominated: true,
  bytesReceived,
  ...(currentRoundTripTime !== undefined && { currentRoundTripTime }),
});
const take = (...report: Record<string, unknown>[]): Snapshot =>
  snapshot(report, (mid) => ({ "1": "bob", "2": "carol" })[mid]);

test.each([
  [1, 0, 50, 2],
  [2, 0.02, 50, 2],
  [2, 0, 250, 2],
  [3, 0, 50, 70],
  [4, 0.2, 50, 2],
  [5, 0.5, 50, 2],
])("grade %i: the worst figure decides", (quality, loss, rttMs, jitterMs) => {
  expect(grade({ alive: true, loss, rttMs, jitterMs })).toBe(quality);
});

test("silence of the server is down, and no figures are unknown", () => {
  expect(grade({ alive: false, loss: 0 })).toBe(6);
  expect(grade({ alive: true })).toBe(0);
});

test("each direction and each voice is judged by the last two seconds", () => {
  const before = take(
    pair(1_000),
    inbound("1", { packetsReceived: 100, packetsLost: 50 }),
    inbound("2", { packetsReceived: 100 }),
  );
  const after = take(
    pair(9_000, 0.04),
    { type: "remote-inbound-rtp", kind: "audio", fractionLost: 0.2, jitter: 0.001, roundTripTime: 0.05 },
    // What was lost before does not count now.
    inbound("1", { packetsReceived: 200, packetsLost: 50, jitter: 0.003 }),
    inbound("2", { packetsReceived: 190, packetsLost: 10, jitter: 0.003 }),
    inbound("9", { packetsReceived: 1, packetsLost: 99 }),
  );
  expect(after.rttMs).toBe(50);
  const { local, remotes } = judge(before, after);
  expect(local).toBe(4);
  expect([...remotes]).toEqual([["bob", 1], ["carol", 3]]);
});

test("nothing from the server is down for all", () => {
  const heard = inbound("1", { packetsReceived: 5 });
  const { local, remotes } = judge(take(pair(7), heard), take(pair(7), heard));
  expect([local, remotes.get("bob")]).toEqual([6, 6]);
});

test("what was heard is told as one, each voice weighing as long as it was played", () => {
  const voice = (seconds: number, lost: number, jitter: number, delayMs: number): object => ({
    packetsReceived: seconds * 50,
    packetsLost: lost,
    jitter,
    totalSamplesReceived: seconds * 48_000,
    concealedSamples: 480,
    jitterBufferDelay: seconds * 48 * delayMs,
    jitterBufferEmittedCount: seconds * 48_000,
  });
  const heard = summary(
    take(pair(1, 0.025), inbound("1", voice(30, 3, 0.01, 40)), inbound("2", voice(10, 1, 0.05, 80))),
  );
  expect(heard).toMatchObject({
    packets: 2_000,
    packets_lost: 4,
    played_ms: 40_000,
    concealed_ms: 20,
    rtt_ms: 25,
  });
  expect(heard?.jitter_ms).toBeCloseTo(20);
  expect(heard?.mean_delay_ms).toBeCloseTo(50);
  expect(summary(take(pair(1)))).toBeUndefined();
});

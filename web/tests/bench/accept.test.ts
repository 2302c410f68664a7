/** From the click on "accept" to the first sound and the first picture of the other, at both ends. */
import { loadavg } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { World } from "../e2e/world.js";
import { CAMERA, connected, ring, watch } from "./ringing.js";

const CALLS = Number(process.env["CALLS"] ?? 20);
/** One way, in milliseconds. */
const WAYS = [0, 25];

let world: World;
beforeAll(async () => {
  world = await World.start([CAMERA]);
});
afterAll(() => world.stop());

/** Milliseconds of each call. */
interface Times {
  audio: number[];
  frame: number[];
}

/** One call of two fresh pages. */
async function call(caller: Times, callee: Times): Promise<void> {
  const { alice, bob } = await ring(world);
  await connected([alice, bob]);
  const seen = Promise.all([watch(alice, "bob"), watch(bob, "alice")]);
  const clicked = await bob.evaluate(() => {
    const at = performance.timeOrigin + performance.now();
    void phone.calling.accept();
    return at;
  });
  const [here, there] = await seen;
  caller.audio.push(here.audio - clicked);
  caller.frame.push(here.frame - clicked);
  callee.audio.push(there.audio - clicked);
  callee.frame.push(there.frame - clicked);
  await world.clear();
}

function share(times: number[], part: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN);
}

test("accept to first sound and first picture", async () => {
  const figures: object[] = [];
  for (const wayMs of WAYS) {
    const caller: Times = { audio: [], frame: [] };
    const callee: Times = { audio: [], frame: [] };
    for (let made = 0; made < CALLS; made += 1) {
      world.network.delayMs = wayMs;
      await call(caller, callee);
    }
    for (const [side, times] of Object.entries({ caller, callee })) {
      for (const what of ["audio", "frame"] as const) {
        const all = times[what];
        const [p50Ms, p90Ms] = [share(all, 0.5), share(all, 0.9)];
        const load = Math.round(loadavg()[0] ?? 0);
        figures.push({ roundTripMs: 2 * wayMs, side, first: what, calls: all.length, p50Ms, p90Ms, load });
      }
    }
  }
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  expect(figures).toHaveLength(4 * WAYS.length);
});

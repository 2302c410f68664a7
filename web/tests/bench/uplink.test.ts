/** From the first picture to the full size, and what the sender thinks of its way to the server. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { World } from "../e2e/world.js";

const CALLS = Number(process.env["CALLS"] ?? 5);
/** One way, in milliseconds. */
const WAYS = [0, 25];
const LONGEST_MS = 60_000;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

interface Ramp {
  /** Until a picture as wide as the camera's was decoded; absent if that never came. */
  fullMs?: number;
  /** What the sender thinks that its way carries, in bit/s, each second. */
  estimates: number[];
}

async function estimate(page: Page): Promise<number> {
  return page.evaluate(async () => (await phone.uplink()).estimate);
}

async function ramp(): Promise<Ramp> {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await alice.evaluate(() => phone.calling.call("bob", "video"));
  await bob.evaluate(() => phone.until(() => phone.told("invited").length > 0, "an invite"));
  for (const page of [alice, bob]) await page.evaluate(() => phone.calling.openCamera());
  await bob.evaluate(() => phone.calling.accept());
  await alice.evaluate(() => phone.sees("bob"));
  await alice.evaluate(() => phone.calling.updateRemoteView("bob", { size: "large" }));
  const began = performance.now();
  const estimates: number[] = [];
  let fullMs: number | undefined;
  while (fullMs === undefined && performance.now() - began < LONGEST_MS) {
    const second = Math.floor((performance.now() - began) / 1_000);
    if (second >= estimates.length) estimates.push(await estimate(bob));
    const width = await alice.evaluate(async () => (await phone.inbound("bob", "video"))?.width ?? 0);
    if (width >= 1_280) fullMs = Math.round(performance.now() - began);
    else await new Promise((soon) => setTimeout(soon, 50));
  }
  estimates.push(await estimate(bob));
  await world.clear();
  return fullMs === undefined ? { estimates } : { fullMs, estimates };
}

test("first picture to full size", async () => {
  const figures: object[] = [];
  for (const wayMs of WAYS) {
    for (let made = 0; made < CALLS; made += 1) {
      world.network.delayMs = wayMs;
      figures.push({ roundTripMs: 2 * wayMs, ...(await ramp()) });
    }
  }
  process.stdout.write(`${JSON.stringify(figures, null, 1)}\n`);
  expect(figures).toHaveLength(CALLS * WAYS.length);
});

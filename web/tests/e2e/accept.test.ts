/** From ringing to talking: all is agreed on before somebody answers, and nothing leaves before. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { World } from "./world.js";

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => {
  world.network.tap = undefined;
  await world.clear();
});
afterAll(() => world.stop());

/** Counts the RTP packets that browsers send; RTCP (RFC 5761 section 4) and checks are none. */
function countSent(): { packets: number } {
  const sent = { packets: 0 };
  world.network.tap = (packet, way) => {
    const [first = 0, second = 0] = packet;
    const isMedia = first >= 128 && first < 192 && (second < 192 || second > 223);
    if (way === "up" && isMedia) sent.packets += 1;
  };
  return sent;
}

/** Bob rings; both have opened microphone and camera, and their connections are up. */
async function ringing(): Promise<{ alice: Page; bob: Page }> {
  const [alice, bob] = [await world.phone("alice"), await world.phone("bob")];
  await alice.evaluate(() => phone.calling.call("bob", "video"));
  await bob.evaluate(() => phone.until(() => phone.told("invited").length > 0, "an invite"));
  for (const page of [alice, bob]) {
    await page.evaluate(async () => {
      await phone.calling.openCamera();
      await phone.calling.openMicrophone();
      await phone.until(() => phone.call?.local.state === "connected", "media");
      await phone.until(() => phone.framesSince(0).some((it) => it.name === "media_sdp"), "an answer");
    });
  }
  return { alice, bob };
}

/** What was said to the server about media since `at`. */
function negotiated(page: Page, at: number): Promise<string[]> {
  return page.evaluate((at) => {
    const names = phone.framesSince(at).map((it) => it.name);
    return names.filter((it) => it === "connect_media" || it === "media_sdp");
  }, at);
}

test("nothing of microphone and camera leaves before the answer, and nothing is agreed on after it", async () => {
  const sent = countSent();
  const { alice, bob } = await ringing();
  await new Promise((soon) => setTimeout(soon, 1_000));
  expect(sent.packets).toBe(0);
  const clicked = await bob.evaluate(() => {
    void phone.calling.accept();
    return performance.timeOrigin + performance.now();
  });
  await Promise.all([
    alice.evaluate(() => Promise.all([phone.hears("bob"), phone.sees("bob")])),
    bob.evaluate(() => Promise.all([phone.hears("alice"), phone.sees("alice")])),
  ]);
  expect(sent.packets).toBeGreaterThan(0);
  expect(await negotiated(alice, clicked)).toEqual([]);
  expect(await negotiated(bob, clicked)).toEqual([]);
});

test("of a call that is declined nothing ever left", async () => {
  const sent = countSent();
  const { alice, bob } = await ringing();
  await bob.evaluate(() => phone.calling.reject());
  await alice.evaluate(() => phone.until(() => phone.told("ended").length > 0, "the end"));
  expect(sent.packets).toBe(0);
});

test("who comes back on another connection is heard and seen again", async () => {
  const { alice, bob } = await ringing();
  await bob.evaluate(() => phone.calling.accept());
  await alice.evaluate(() => Promise.all([phone.hears("bob"), phone.sees("bob")]));
  const before = await alice.evaluate(async () => (await phone.inbound("bob"))?.ssrc);
  await world.load(bob);
  await world.signIn(bob, "bob");
  await alice.evaluate(() => phone.hears("bob"));
  expect(await alice.evaluate(async () => (await phone.inbound("bob"))?.ssrc)).not.toBe(before);
});

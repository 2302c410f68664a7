/** Calls between the native client and Chromium, with what is seen and heard compared with what was sent. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  barAt, colours, grows, INSIDE, loudest, NativePhone, off, psnr, QUARTERS, QUARTERS_RGB, readPictures,
  writeKnown, writeTone,
} from "./native.js";
import { World } from "./world.js";

const CHROMIUM_HZ = 660;
const NATIVE_HZ = 440;
const SIZE = [320, 180] as const;
/** Half a second of it, as it is recorded: a file of thirty pictures a second. */
const ENOUGH_BYTES = (15 * SIZE[0] * SIZE[1] * 3) / 2;

const folder = mkdtempSync(path.join(tmpdir(), "calling-native-"));
const file = (name: string): string => path.join(folder, name);
const natives: NativePhone[] = [];
let world: World;

beforeAll(async () => {
  writeKnown(file("known.y4m"), ...SIZE, 10);
  writeTone(file("chromium.wav"), CHROMIUM_HZ);
  writeTone(file("native.wav"), NATIVE_HZ);
  world = await World.start([
    `--use-file-for-fake-video-capture=${file("known.y4m")}`,
    `--use-file-for-fake-audio-capture=${file("chromium.wav")}`,
  ]);
});
afterEach(async () => {
  for (const native of natives.splice(0)) native.stop();
  await world.clear();
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A native phone that shows the known picture, plays its tone and records what it gets. */
function native(user: string, codec: string, args: readonly string[]): NativePhone {
  const files = ["--play", file("native.wav"), "--record", file(`${codec}.wav`)];
  const pictures = ["--play-video", file("known.y4m"), "--record-video", file(`${codec}.y4m`)];
  const phone = NativePhone.start(world, user, [...args, ...files, ...pictures, "--video-codec", codec]);
  natives.push(phone);
  return phone;
}

/** What Chromium sees of `user` is what the native client showed. */
async function chromiumSees(page: Page, user: string, track: "camera" | "screen"): Promise<void> {
  const asked = { user, track, parts: INSIDE };
  await page.evaluate(({ user, track }) => phone.sees(user, track), asked);
  const seen = await page.evaluate(({ user, track, parts }) => phone.coloursOf(user, track, parts), asked);
  expect(off(seen, QUARTERS_RGB), JSON.stringify(seen)).toBeLessThan(16);
}

/** What Chromium sees and hears of `user` is what the native client sent, and in which codec. */
async function chromiumGets(page: Page, user: string, codec: string): Promise<void> {
  await chromiumSees(page, user, "camera");
  const hz = await page.evaluate((user) => phone.pitchOf(user), user);
  expect(Math.abs(hz - NATIVE_HZ)).toBeLessThan(15);
  expect(await page.evaluate((user) => phone.codecs(user), user)).toEqual({ received: codec, sent: codec });
}

/** What the native client recorded is what Chromium sent. */
function nativeGot(codec: string): void {
  const pictures = readPictures(file(`${codec}.y4m`));
  const last = pictures.at(-1)!;
  expect(off(colours(last), QUARTERS), JSON.stringify(colours(last))).toBeLessThan(8);
  expect(psnr(last)).toBeGreaterThan(30);
  expect(new Set(pictures.map(barAt)).size, "the bar travels").toBeGreaterThan(3);
  const [theirs, own] = [CHROMIUM_HZ, NATIVE_HZ].map((hz) => loudest(file(`${codec}.wav`), hz));
  expect(theirs).toBeGreaterThan(0.02);
  expect(own).toBeLessThan(theirs! / 4);
}

test("chromium calls a native client, in VP8", async () => {
  const bob = native("bob", "vp8", ["answer", "--auto", "--calls", "1"]);
  await bob.says("waits for a call");
  const alice = await world.phone("alice");
  await alice.evaluate(() => phone.calling.call("bob", "video"));
  await alice.evaluate(() => phone.calling.openCamera());
  await chromiumGets(alice, "bob", "video/VP8");
  await grows(file("vp8.y4m"), ENOUGH_BYTES);
  await alice.evaluate(() => phone.calling.hangup());
  expect(await bob.report()).toMatchObject({ outcome: "completed" });
  nativeGot("vp8");
});

test("a native client calls chromium, in H.264", async () => {
  const bob = await world.phone("bob");
  await bob.evaluate(() => phone.prefer("video/H264"));
  const alice = native("alice", "h264", ["call", "bob", "--video", "--share", file("known.y4m")]);
  await bob.evaluate(() => phone.until(() => phone.told("invited").length > 0, "an invite"));
  await bob.evaluate(() => phone.calling.accept());
  await bob.evaluate(() => phone.calling.openCamera());
  await chromiumGets(bob, "alice", "video/H264");
  await chromiumSees(bob, "alice", "screen");
  await grows(file("h264.y4m"), ENOUGH_BYTES);
  await bob.evaluate(() => phone.calling.hangup());
  expect(await alice.report()).toMatchObject({ outcome: "completed" });
  nativeGot("h264");
});

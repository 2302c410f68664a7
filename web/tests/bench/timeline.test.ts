/** What happens between the click on "accept" and the first sound and picture, step by step. */
import { loadavg } from "node:os";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { World } from "../e2e/world.js";
import { CAMERA, connected, ring, watch } from "./ringing.js";

const CALLS = Number(process.env["CALLS"] ?? 10);
const WAY_MS = Number(process.env["WAY_MS"] ?? 25);

let world: World;
beforeAll(async () => {
  world = await World.start([CAMERA]);
});
afterAll(() => world.stop());

/** One datagram with media, as it was seen in the middle of the network. */
interface Seen {
  readonly at: number;
  readonly way: "up" | "down";
  readonly browser: number;
  readonly kind: "rtp" | "rtcp";
  readonly payloadType: number;
  readonly ssrc: number;
  readonly bytes: number;
  readonly marker: boolean;
}

/** RTP and RTCP have readable headers, though what they carry is sealed (RFC 3711). */
function look(packet: Buffer): Pick<Seen, "kind" | "payloadType" | "ssrc" | "marker"> | undefined {
  const [first = 0, second = 0] = packet;
  if (first < 128 || first > 191) return undefined;
  const isRtcp = second >= 192 && second <= 223;
  const ssrc = packet.length < 12 ? 0 : packet.readUInt32BE(8);
  return { kind: isRtcp ? "rtcp" : "rtp", payloadType: second & 0x7f, ssrc, marker: second > 127 };
}

const now = (): number => performance.timeOrigin + performance.now();

/** The steps of one call, in milliseconds since the click. */
async function timeline(): Promise<Map<string, number>> {
  const { alice, bob } = await ring(world);
  await connected([alice, bob]);
  const seen: Seen[] = [];
  world.network.tap = (packet, way, browser) => {
    const it = look(packet);
    if (it !== undefined) seen.push({ ...it, at: now(), way, browser, bytes: packet.length });
  };
  const both = Promise.all([watch(alice, "bob"), watch(bob, "alice")]);
  const clicked = await bob.evaluate(() => {
    const at = performance.timeOrigin + performance.now();
    void phone.calling.accept();
    return at;
  });
  const [atAlice, atBob] = await both;
  await new Promise((soon) => setTimeout(soon, 300));
  world.network.tap = undefined;
  const steps = new Map<string, number>();
  const mark = (name: string, at: number): void => void steps.set(name, at - clicked);
  mark("caller first sound", atAlice.audio);
  mark("caller first frame", atAlice.frame);
  mark("callee first sound", atBob.audio);
  mark("callee first frame", atBob.frame);
  for (const [name, page] of [["caller", alice], ["callee", bob]] as const) {
    for (const [step, at] of await frames(page, clicked)) mark(`${name} ${step}`, at);
  }
  const [caller, callee] = [await portOf(alice, seen), await portOf(bob, seen)];
  for (const [name, port] of [["caller", caller], ["callee", callee]] as const) {
    for (const [step, at] of streams(seen.filter((it) => it.browser === port))) mark(`${name} ${step}`, at);
  }
  if (process.env["VERBOSE"] !== undefined) {
    for (const it of seen.slice(0, 150)) {
      const who = it.browser === caller ? "caller" : "callee";
      const line = [Math.round(it.at - clicked), who, it.way, it.kind, it.payloadType, it.bytes, it.marker];
      process.stdout.write(`${line.join(" ")}\n`);
    }
  }
  await world.clear();
  return steps;
}

/** The first of each frame of signalling. */
async function frames(page: Page, since: number): Promise<Map<string, number>> {
  const all = await page.evaluate((since) => phone.framesSince(since), since);
  const first = new Map<string, number>();
  for (const { way, name, at } of all) {
    const step = `${way === "up" ? "sends" : "is told"} ${name}`;
    if (!first.has(step)) first.set(step, at);
  }
  return first;
}

/** The port from which a page reaches the network: that of the packets of its microphone. */
async function portOf(page: Page, seen: readonly Seen[]): Promise<number | undefined> {
  const sdp = await page.evaluate(() => phone.connection?.localDescription?.sdp);
  const ssrc = Number(/^a=ssrc:(\d+)/m.exec(sdp ?? "")?.[1]);
  return seen.find((it) => it.way === "up" && it.ssrc === ssrc)?.browser;
}

/** The first packets of sound and of pictures, and the end of the first picture. */
function streams(seen: readonly Seen[]): Map<string, number> {
  const steps = new Map<string, number>();
  for (const way of ["up", "down"] as const) {
    const rtp = seen.filter((it) => it.kind === "rtp" && it.way === way);
    const sound = rtp.find((it) => it.payloadType === 111 || it.payloadType === 63);
    const picture = rtp.find((it) => it.payloadType >= 96 && it.payloadType !== 111);
    const whole = rtp.find((it) => it.payloadType >= 96 && it.payloadType !== 111 && it.marker);
    if (sound) steps.set(`${way}: first sound passes the middle`, sound.at);
    if (picture) steps.set(`${way}: first packet of a picture passes the middle`, picture.at);
    if (whole) steps.set(`${way}: last packet of the first picture passes the middle`, whole.at);
  }
  return steps;
}

test("the steps from the click to the first sound and picture", async () => {
  const all: Map<string, number>[] = [];
  for (let made = 0; made < CALLS; made += 1) {
    world.network.delayMs = WAY_MS;
    all.push(await timeline());
  }
  const names = new Set(all.flatMap((it) => [...it.keys()]));
  const medians = [...names].map((name): [string, number, number] => {
    const times = all.flatMap((it) => it.get(name) ?? []).sort((a, b) => a - b);
    return [name, Math.round(times[Math.floor(times.length / 2)] ?? NaN), times.length];
  });
  medians.sort(([, one], [, other]) => one - other);
  const load = Math.round(loadavg()[0] ?? 0);
  const table = medians.map(([name, ms, calls]) => `${String(ms).padStart(5)} ms  ${name} (${calls})`);
  process.stdout.write(`round trip ${2 * WAY_MS} ms, load ${load}\n${table.join("\n")}\n`);
  expect(all).toHaveLength(CALLS);
});

/** The table: every peer and codec, both ways. The opposite is Chromium with the SDK. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MediaType } from "../../src/sdk/index.js";
import { openChromium, openFirefox, openPeer, type Browser, type Tab } from "./browsers.js";
import { Lab, versionOfCalling } from "./lab.js";
import {
  colourFile,
  hasTone,
  hears,
  PEER,
  picturesOf,
  REFERENCE,
  samplesOf,
  saw,
  sees,
  toneFile,
  type Look,
} from "./senses.js";
import { Sheet } from "./sheet.js";
import { CODECS, ENGINES, Tool, type Codec, type Engine } from "./tools.js";

const SENDS = "sends";
const RECEIVES = "receives";
const only = process.env["ONLY"];

const sheet = new Sheet("table");
const chromium = await openChromium();
const firefox = only === undefined || only === "Firefox" ? await openFirefox() : "not asked for";
let lab: Lab;
let reference: Tab;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.admit("publisher", "receiver");
  reference = await openPeer(lab, chromium, "reference", query(REFERENCE));
});
afterAll(async () => {
  sheet.save();
  await chromium.close();
  if (typeof firefox !== "string") await firefox.close();
  await lab.stop();
});

function query(look: Look, codec?: Codec): Record<string, string> {
  return { tone: String(look.hz), colour: look.css, ...(codec !== undefined && { codec }) };
}

/** Both directions, each a cell; both are tried, whatever comes of one. */
async function both(row: string, column: string, sends: () => Promise<unknown>, receives: () => Promise<unknown>): Promise<void> {
  const cells = [sheet.cell(`${row} | ${SENDS}`, column, sends), sheet.cell(`${row} | ${RECEIVES}`, column, receives)];
  const failed = (await Promise.allSettled(cells)).find((it) => it.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

function skip(row: string, column: string, why: string): void {
  for (const way of [SENDS, RECEIVES]) sheet.skip(`${row} | ${way}`, column, why);
}

/** A cell pair whose beginning may fail, too. */
async function attempt(row: string, column: string, doing: () => Promise<void>): Promise<void> {
  try {
    await doing();
  } catch (error) {
    for (const way of [SENDS, RECEIVES]) sheet.fail(`${row} | ${way}`, column, error);
    throw error;
  }
}

/** Two browsers: the peer rings the reference, each hears or sees the other. */
async function talk(browser: Browser, row: string, codec?: Codec): Promise<void> {
  const user = `${browser.name.toLowerCase()}-${codec ?? "opus"}`;
  const tab = await openPeer(lab, browser, user, query(PEER, codec));
  const answering = codec === undefined ? reference : await openPeer(lab, chromium, "answering", query(REFERENCE, codec));
  const name = codec === undefined ? "reference" : "answering";
  try {
    const medium = codec === undefined ? "audio" : "video";
    await tab.evaluate(({ name, medium }) => peer.calling.call(name, medium), { name, medium } as const);
    await answering.evaluate(() => peer.invited());
    await answering.evaluate(() => peer.calling.accept());
    if (codec !== undefined) {
      await Promise.all([tab, answering].map((it) => it.evaluate(() => peer.calling.openCamera())));
    }
    const way = (from: Tab, user: string, look: Look) => async () => {
      await from.evaluate((user) => peer.entered(user), user);
      if (codec === undefined) await hears(from, user, look);
      else await sees(from, user, look, codec);
    };
    await both(row, codec ?? "Opus", way(answering, user, PEER), way(tab, name, REFERENCE));
  } finally {
    await answering.evaluate(() => peer.leave());
    await tab.close();
    if (answering !== reference) await answering.close();
  }
}

/** A tool publishes by WHIP, and another of its kind receives by WHEP. */
async function tool(engine: Engine, row: string, codec?: Codec): Promise<void> {
  const tools: Tool[] = [];
  const medium = codec === undefined ? "audio" : "video";
  try {
    const users = ["publisher", "receiver"];
    const params = { users, mediaType: medium } as const;
    const call = await reference.evaluate((params) => peer.calling.groupCall(params), params);
    if (codec !== undefined) await reference.evaluate(() => peer.calling.openCamera());
    await reference.evaluate(() => peer.connected());
    const publisher = Tool.publish(lab, engine, call, "publisher", codec);
    const receiver = Tool.receive(lab, engine, call, "receiver", "reference", codec);
    tools.push(publisher, receiver);
    const sends = async (): Promise<void> => {
      await publisher.beside(reference.evaluate(() => peer.entered("publisher")));
      if (codec === undefined) await hears(reference, "publisher", PEER);
      else await sees(reference, "publisher", PEER, codec);
    };
    const receives = async (): Promise<void> => {
      if (codec === undefined) await receiver.hears(REFERENCE);
      else await receiver.sees(REFERENCE);
    };
    await both(row, codec ?? "Opus", sends, receives);
  } finally {
    await Promise.all(tools.map((it) => it.end()));
    await reference.evaluate(() => peer.leave());
  }
}

/** Our own phone answers the reference, and records what it hears and sees. */
async function phone(row: string, codec?: Codec): Promise<void> {
  const file = (name: string): string => path.join(lab.folder, `${codec ?? "opus"}-${name}`);
  const [heard, seen] = [file("heard.wav"), file("seen.y4m")];
  writeFileSync(file("tone.wav"), toneFile(PEER));
  writeFileSync(file("blue.y4m"), colourFile(PEER));
  const caller = await openPeer(lab, chromium, "caller", query(REFERENCE, codec));
  const sound = ["--play", file("tone.wav"), "--record", heard];
  // Of both that it can write, it writes VP8 unless it is told otherwise.
  const wanted = codec === undefined ? [] : ["--video-codec", codec.toLowerCase()];
  const child = lab.phone("phone", [...sound, "--play-video", file("blue.y4m"), "--record-video", seen, ...wanted]);
  const gone = new Promise((done) => child.once("exit", done));
  try {
    // It speaks once it is signed in; who rings it before finds nobody.
    await Promise.race([new Promise((said) => child.stderr?.once("data", said)), gone]);
    const medium: MediaType = codec === undefined ? "audio" : "video";
    await caller.evaluate((medium) => peer.calling.call("phone", medium, { timeoutS: 20 }), medium);
    if (codec !== undefined) await caller.evaluate(() => peer.calling.openCamera());
    const sends = async (): Promise<void> => {
      await caller.evaluate(() => peer.entered("phone"));
      if (codec === undefined) await hears(caller, "phone", PEER);
      else await sees(caller, "phone", PEER, codec);
    };
    await sheet.cell(`${row} | ${SENDS}`, codec ?? "Opus", sends);
    const sent = codec === undefined ? undefined : await caller.evaluate(() => peer.sending());
    // What it recorded meanwhile, and a little more.
    await new Promise((soon) => setTimeout(soon, 2_000));
    await caller.evaluate(() => peer.leave());
    await Promise.race([gone, new Promise((soon) => setTimeout(soon, 10_000))]);
    await sheet.cell(`${row} | ${RECEIVES}`, codec ?? "Opus", async () => {
      if (codec === undefined) expect(hasTone(samplesOf(heard), REFERENCE), "the tone is in the recording").toBe(true);
      else {
        expect(sent).toBe(`video/${codec}`);
        const { frames, yuv } = picturesOf(seen);
        expect(frames).toBeGreaterThanOrEqual(10);
        saw(yuv, REFERENCE);
      }
      return Promise.resolve();
    });
  } finally {
    child.kill("SIGKILL");
    await caller.close();
  }
}

if (only === undefined || only === "Rust") {
  const row = `Rust client | ${versionOfCalling()}`;
  describe("Rust client", () => {
    for (const codec of [undefined, ...CODECS]) {
      if (codec === "VP9" || codec === "AV1") skip(row, codec, `the Rust client has VP8 and H.264 alone`);
      else test(codec ?? "Opus", () => attempt(row, codec ?? "Opus", () => phone(row, codec)));
    }
  });
}

for (const browser of [chromium, firefox]) {
  const name = typeof browser === "string" ? "Firefox" : browser.name;
  if (only !== undefined && only !== name) continue;
  const row = typeof browser === "string" ? `${name} | ?` : `${name} | ${browser.version}`;
  describe(name, () => {
    for (const codec of [undefined, ...CODECS]) {
      if (typeof browser === "string") {
        skip(row, codec ?? "Opus", `not run: ${browser}`);
        test.skip(codec ?? "Opus");
      } else if (name === "Firefox" && codec === "H264") {
        skip(row, codec, "Firefox loads its H.264 (Cisco's) from the network");
      } else {
        test(codec ?? "Opus", () => attempt(row, codec ?? "Opus", () => talk(browser, row, codec)));
      }
    }
  });
}

for (const engine of ENGINES) {
  if (only !== undefined && !engine.name.includes(only)) continue;
  const { missing } = engine;
  const row = `${engine.name} | ${missing === undefined ? engine.version() : "?"}`;
  describe(engine.name, () => {
    for (const codec of [undefined, ...CODECS]) {
      const lack = codec === undefined ? undefined : engine.lacks[codec];
      if (missing !== undefined) {
        skip(row, codec ?? "Opus", `not run: ${missing}`);
        test.skip(codec ?? "Opus");
      } else if (codec !== undefined && lack !== undefined) skip(row, codec, lack);
      else test(codec ?? "Opus", () => attempt(row, codec ?? "Opus", () => tool(engine, row, codec)));
    }
  });
}

/**
 * Calls in a network that loses datagrams: scripts/interop.sh runs this in a network namespace whose
 * netfilter hands all that goes to or comes from port LOSS_PORT to loss.py.
 */
import { afterAll, beforeAll, describe, test } from "vitest";
import { openChromium, openFirefox, openPeer, type Tab } from "./browsers.js";
import { Lab } from "./lab.js";
import type { Received } from "./page.js";
import { hears, PEER, REFERENCE, sees } from "./senses.js";
import { Sheet } from "./sheet.js";
import { ENGINES, Tool, type Engine } from "./tools.js";

/** How long a call is listened to and looked at. */
const WATCH_MS = 8_000;
/** Of the sound that was played, as a share. Two ways of loss add up to about a tenth. */
const MOST_CONCEALED = 0.15;
/** Five pictures a second of fifteen, of which none could be decoded after a loss without repair. */
const LEAST_FRAMES = (WATCH_MS / 1_000) * 5;
/** Peers with a jitter buffer and repair of their own. */
const PEERS = ["Python wrtc (libwebrtc M152)", "GStreamer webrtcbin", "aiortc"];

const port = Number(process.env["LOSS_PORT"]);
if (!(port > 0)) throw new Error("this runs by `make interop` alone");

const sheet = new Sheet("loss");
const chromium = await openChromium();
const firefox = await openFirefox();
let lab: Lab;
let reference: Tab;

beforeAll(async () => {
  lab = await Lab.start({ media: port });
  await lab.admit("publisher", "receiver");
  reference = await openPeer(lab, chromium, "reference", { tone: String(REFERENCE.hz), colour: REFERENCE.css });
});
afterAll(async () => {
  sheet.save();
  await chromium.close();
  if (typeof firefox !== "string") await firefox.close();
  await lab.stop();
});

async function received(tab: Tab, user: string, kind: "audio" | "video"): Promise<Received> {
  const now = await tab.evaluate(({ user, kind }) => peer.received(user, kind), { user, kind } as const);
  if (now === undefined) throw new Error(`no statistics of ${kind}`);
  return now;
}

const pause = (): Promise<void> => new Promise((soon) => setTimeout(soon, WATCH_MS));

/** Listens for a while; how much of what was played had been lost. */
async function listens(tab: Tab, user: string): Promise<string> {
  await hears(tab, user, user === "reference" ? REFERENCE : PEER);
  const before = await received(tab, user, "audio");
  await pause();
  const after = await received(tab, user, "audio");
  if (after.packets - before.packets < (WATCH_MS / 20) * 0.75) throw new Error("too few packets of sound came");
  const share = (after.concealedS - before.concealedS) / (after.playedS - before.playedS);
  // Written so that a figure that is none fails, too.
  if (!(share <= MOST_CONCEALED)) throw new Error(`${(share * 100).toFixed(1)} % of the sound was concealed`);
  if (!(after.lost > before.lost)) throw new Error("nothing was lost");
  await hears(tab, user, user === "reference" ? REFERENCE : PEER);
  return `${(share * 100).toFixed(1)} % concealed`;
}

/** Looks for a while; how many pictures a second were decoded. */
async function looks(tab: Tab, user: string): Promise<string> {
  await sees(tab, user, user === "reference" ? REFERENCE : PEER);
  const before = await received(tab, user, "video");
  await pause();
  const after = await received(tab, user, "video");
  const frames = after.frames - before.frames;
  if (frames < LEAST_FRAMES) throw new Error(`${frames} pictures in ${WATCH_MS / 1_000} s`);
  await sees(tab, user, user === "reference" ? REFERENCE : PEER);
  return `${(frames / (WATCH_MS / 1_000)).toFixed(1)} pictures/s`;
}

async function all(cells: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(cells)).find((it) => it.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

for (const browser of [chromium, firefox]) {
  if (typeof browser === "string") {
    for (const column of ["Opus", "VP8"]) sheet.skip("Firefox | ? | both ways", column, `not run: ${browser}`);
    continue;
  }
  const row = `${browser.name} | ${browser.version}`;
  test(browser.name, async () => {
    const user = `${browser.name.toLowerCase()}-lossy`;
    const tab = await openPeer(lab, browser, user, { tone: String(PEER.hz), colour: PEER.css });
    try {
      await tab.evaluate(() => peer.calling.call("reference", "video"));
      await reference.evaluate(() => peer.invited());
      await reference.evaluate(() => peer.calling.accept());
      await Promise.all([tab, reference].map((it) => it.evaluate(() => peer.calling.openCamera())));
      await all([
        sheet.cell(`${row} | sends`, "Opus", () => listens(reference, user)),
        sheet.cell(`${row} | receives`, "Opus", () => listens(tab, "reference")),
        sheet.cell(`${row} | sends`, "VP8", () => looks(reference, user)),
        sheet.cell(`${row} | receives`, "VP8", () => looks(tab, "reference")),
      ]);
    } finally {
      await reference.evaluate(() => peer.leave());
      await tab.close();
    }
  });
}

async function tool(engine: Engine, row: string): Promise<void> {
  const tools: Tool[] = [];
  try {
    const params = { users: ["publisher", "receiver"], mediaType: "video" } as const;
    const call = await reference.evaluate((params) => peer.calling.groupCall(params), params);
    await reference.evaluate(() => peer.calling.openCamera());
    await reference.evaluate(() => peer.connected());
    const publisher = Tool.publish(lab, engine, call, "publisher", "VP8");
    const receiver = Tool.receive(lab, engine, call, "receiver", "reference", "VP8");
    tools.push(publisher, receiver);
    await publisher.beside(reference.evaluate(() => peer.entered("publisher")));
    await all([
      sheet.cell(`${row} | sends`, "Opus", () => listens(reference, "publisher")),
      sheet.cell(`${row} | receives`, "Opus", () => receiver.hears(REFERENCE)),
      sheet.cell(`${row} | sends`, "VP8", () => looks(reference, "publisher")),
      sheet.cell(`${row} | receives`, "VP8", () => receiver.sees(REFERENCE, 80)),
    ]);
  } finally {
    await Promise.all(tools.map((it) => it.end()));
    await reference.evaluate(() => peer.leave());
  }
}

describe("tools", () => {
  for (const engine of ENGINES.filter(({ name }) => PEERS.includes(name))) {
    const row = `${engine.name} | ${engine.missing === undefined ? engine.version() : "?"}`;
    if (engine.missing === undefined) test(engine.name, () => tool(engine, row));
    else for (const column of ["Opus", "VP8"]) sheet.skip(`${row} | both ways`, column, `not run: ${engine.missing}`);
  }
});

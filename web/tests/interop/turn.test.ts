/** Calls of peers that reach the server through coturn alone. */
import { existsSync } from "node:fs";
import { createSocket } from "node:dgram";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChromium, openFirefox, openPeer, type Browser, type Tab } from "./browsers.js";
import { Lab } from "./lab.js";
import { hears, PEER, REFERENCE, sees } from "./senses.js";
import { Sheet } from "./sheet.js";

const TURNSERVER = "/usr/bin/turnserver";
/** This machine as browsers see it, which leave loopback out if they can. */
const HOST =
  Object.values(networkInterfaces())
    .flatMap((it) => it ?? [])
    .find((it) => it.family === "IPv4" && !it.internal)?.address ?? "127.0.0.1";
const isHere = existsSync(TURNSERVER);

const sheet = new Sheet("turn");
const chromium = await openChromium();
const firefox = await openFirefox();
let lab: Lab;
let reference: Tab;

/** A port that is free just now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.bind(0, HOST, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

beforeAll(async () => {
  const port = await freePort();
  // coturn knows no user: the server's credentials are good because both know the secret.
  const secret = randomBytes(32).toString("hex");
  lab = await Lab.start({
    config: `[turn]\nurls = ["turn:${HOST}:${port}?transport=udp"]\nsecret = "${secret}"\nttl_s = 600\n`,
  });
  const flags = ["-n", "--no-cli", "--no-tls", "--no-dtls", "--use-auth-secret", `--static-auth-secret=${secret}`, "--realm=interop"];
  // All on one machine: peers on loopback are those of a test.
  const where = [`--listening-ip=${HOST}`, `--relay-ip=${HOST}`, `--listening-port=${port}`, "--allow-loopback-peers"];
  const files = [`--pidfile=${lab.folder}/turn.pid`, "--log-file=stdout"];
  if (isHere) lab.run(TURNSERVER, [...flags, ...where, ...files]).stdout?.resume();
  reference = await openPeer(lab, chromium, "reference", { tone: String(REFERENCE.hz), colour: REFERENCE.css });
});
afterAll(async () => {
  sheet.save();
  await chromium.close();
  if (typeof firefox !== "string") await firefox.close();
  await lab.stop();
});

function version(): string {
  return isHere ? `coturn ${execFileSync(TURNSERVER, ["--version"], { encoding: "utf8" }).trim()}` : "";
}

async function relayed(browser: Browser, row: string): Promise<void> {
  const query = { tone: String(PEER.hz), colour: PEER.css, relay: "" };
  const user = `${browser.name.toLowerCase()}-relayed`;
  const tab = await openPeer(lab, browser, user, query);
  try {
    await tab.evaluate(() => peer.calling.call("reference", "video"));
    await reference.evaluate(() => peer.invited());
    await reference.evaluate(() => peer.calling.accept());
    await Promise.all([tab, reference].map((it) => it.evaluate(() => peer.calling.openCamera())));
    await sheet.cell(`${row} | sends`, "Opus", () => hears(reference, user, PEER));
    await sheet.cell(`${row} | receives`, "Opus", () => hears(tab, "reference", REFERENCE));
    await sheet.cell(`${row} | sends`, "VP8", () => sees(reference, user, PEER, "VP8"));
    await sheet.cell(`${row} | receives`, "VP8", () => sees(tab, "reference", REFERENCE, "VP8"));
    // It did go through the TURN server.
    expect(await tab.evaluate(() => peer.way())).toMatch(/^relay → /);
  } catch (error) {
    for (const way of ["sends", "receives"]) {
      for (const column of ["Opus", "VP8"]) sheet.fail(`${row} | ${way}`, column, error);
    }
    throw error;
  } finally {
    await reference.evaluate(() => peer.leave());
    await tab.close();
  }
}

for (const browser of [chromium, firefox]) {
  const name = typeof browser === "string" ? "Firefox" : browser.name;
  const row = typeof browser === "string" ? `${name} | ?` : `${name} | ${browser.version}, ${version()}`;
  if (isHere && typeof browser !== "string") {
    test(name, () => relayed(browser, row));
    continue;
  }
  const why = isHere && typeof browser === "string" ? browser : "coturn is not installed";
  for (const way of ["sends", "receives"]) {
    for (const column of ["Opus", "VP8"]) sheet.skip(`${row} | ${way}`, column, `not run: ${why}`);
  }
  test.skip(name);
}

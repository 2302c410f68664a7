/** What goes wrong with networks, tabs and devices in a call, against a real server. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import {
  answer,
  callFrom,
  callWindow,
  connected,
  control,
  hears,
  isFakeCamera,
  profileOf,
  shows,
  Site,
  sound,
  tone,
} from "./site.js";

let site: Site;

beforeAll(async () => {
  site = await Site.start();
});
afterAll(() => site.stop());
afterEach(() => site.clear());

const BEEP_HZ = 400;
const status = (page: Page): Promise<string> =>
  page.locator("calling-window .status").first().innerText();

/** Waits for a beep of Chromium's fake microphone; what is mended after a loss may hum below it. */
async function beeps(page: Page): Promise<void> {
  const isBeep = (hz: number): boolean => Math.abs(hz - BEEP_HZ) < 50;
  await expect.poll(() => tone(page), { timeout: 20_000 }).toSatisfy(isBeep);
}

async function callOfTwo(media: "voice" | "video"): Promise<readonly [Page, Page]> {
  const [alice, bob] = [await site.as("alice"), await site.as("bob")];
  await callFrom(alice, "bob", media);
  await answer(bob);
  await connected(alice);
  await Promise.all([hears(alice, sound), hears(bob, sound)]);
  return [alice, bob];
}

describe("the echo", () => {
  it("sends the tone of one's microphone back", async () => {
    const alice = await site.as("alice");
    await callFrom(alice, "echo", "voice");
    await connected(alice);
    await hears(alice, sound);
    await beeps(alice);
    await control(alice, "hang-up").click();
    await control(alice, "close").waitFor();
  });

  it("sends the picture of one's camera back", async () => {
    const alice = await site.as("alice");
    await callFrom(alice, "echo", "video");
    await connected(alice);
    await shows(alice, ".backdrop", isFakeCamera);
    await shows(alice, ".corner", isFakeCamera);
    await beeps(alice);
    // Nothing turns black that changes places, goes, or comes back.
    await alice.locator("calling-window .corner").click();
    await shows(alice, ".backdrop", isFakeCamera);
    await shows(alice, ".corner", isFakeCamera);
    await alice.keyboard.press("Escape");
    await shows(alice, ".mini", isFakeCamera);
    await control(alice, "restore").click();
    await control(alice, "camera").click();
    await alice.locator("calling-window .corner .no-picture").waitFor();
    await control(alice, "camera").click();
    await shows(alice, ".backdrop", isFakeCamera);
    await shows(alice, ".corner", isFakeCamera);
  });
});

describe("a network", () => {
  it("that drops is told of, and the call goes on when it is back", async () => {
    const [alice, bob] = await callOfTwo("voice");
    site.network.isGone = true;
    // As a change of networks does.
    site.network.cut();
    await expect.poll(() => status(alice), { timeout: 20_000 }).toContain("Reconnecting…");
    site.network.isGone = false;
    // What was sent over TCP meanwhile is lost for good here.
    site.network.cut();
    await expect.poll(() => status(alice), { timeout: 20_000 }).toMatch(/^\d\d:\d\d/);
    await Promise.all([hears(alice, sound), hears(bob, sound)]);
    await beeps(bob);
  });
});

describe("two devices of one account", () => {
  it("both ring; one answers, the other stops and says so", async () => {
    const alice = await site.as("alice");
    const [here, there] = [await site.as("bob"), await site.as("bob")];
    await callFrom(alice, "bob", "voice");
    await control(there, "accept").waitFor();
    await answer(here);
    const line = there.locator("calling-window .face .status");
    await control(there, "accept").waitFor({ state: "detached" });
    expect(await line.innerText()).toBe("Answered on another device");
    await Promise.all([hears(alice, sound), hears(here, sound)]);
    await beeps(here);
  });

  it("both stop when one declines", async () => {
    const alice = await site.as("alice");
    const [here, there] = [await site.as("bob"), await site.as("bob")];
    await callFrom(alice, "bob", "voice");
    await control(there, "accept").waitFor();
    await control(here, "decline").click();
    await control(there, "accept").waitFor({ state: "detached" });
    await control(alice, "close").waitFor();
  });
});

describe("a page", () => {
  it("that is loaded anew goes on with its call, muted as it was", async () => {
    const [alice, bob] = await callOfTwo("video");
    await control(bob, "mic").click();
    await alice.waitForFunction(() => {
      const root = document.querySelector("calling-page")?.shadowRoot;
      const call = root?.querySelector("calling-window")?.view?.call;
      return call?.members.some((it) => it.user === "bob" && !it.audio);
    });
    const began = (page: Page): Promise<number | undefined> =>
      page.evaluate(() => {
        const root = document.querySelector("calling-page")?.shadowRoot;
        return root?.querySelector("calling-window")?.view?.call?.connectedAt;
      });
    const since = await began(bob);
    await bob.reload();
    await connected(bob);
    expect(await began(bob)).toBe(since);
    expect(await control(bob, "mic").getAttribute("aria-label")).toBe("Unmute");
    await hears(bob, sound);
    await shows(bob, ".backdrop", isFakeCamera);
    await shows(alice, ".backdrop", isFakeCamera);
    await control(bob, "mic").click();
    await hears(alice, sound);
    await control(alice, "hang-up").click();
    await control(bob, "close").waitFor();
  });

  it("that is loaded anew while it rings there goes on to call", async () => {
    const [alice, bob] = [await site.as("alice"), await site.as("bob")];
    await callFrom(alice, "bob", "voice");
    await control(bob, "accept").waitFor();
    await alice.reload();
    await control(alice, "hang-up").waitFor();
    await answer(bob);
    await connected(alice);
    await Promise.all([hears(alice, sound), hears(bob, sound)]);
  });

  it("that is loaded anew while it rings here rings again", async () => {
    const [alice, bob] = [await site.as("alice"), await site.as("bob")];
    await callFrom(alice, "bob", "voice");
    await control(bob, "accept").waitFor();
    await bob.reload();
    await answer(bob);
    await Promise.all([hears(alice, sound), hears(bob, sound)]);
  });

  it("that sleeps and wakes goes on with its call, or knows that it is over", async () => {
    const [alice, bob] = await callOfTwo("voice");
    const devtools = await bob.context().newCDPSession(bob);
    // As browsers do with tabs nobody looks at: no timer and no event runs in it.
    const sleep = (state: "frozen" | "active"): Promise<unknown> =>
      devtools.send("Page.setWebLifecycleState", { state });
    await sleep("frozen");
    await hears(alice, ({ packets }) => packets > 100);
    await sleep("active");
    await hears(bob, sound);
    expect(await status(bob)).toMatch(/^\d\d:\d\d/);
    await sleep("frozen");
    await control(alice, "hang-up").click();
    await control(alice, "close").waitFor();
    await sleep("active");
    await control(bob, "close").waitFor();
    expect(await status(bob)).toMatch(/^Duration: /);
  });

  it("that is closed is waited for, and then the call is over", async () => {
    const [alice, bob] = await callOfTwo("voice");
    await bob.close({ runBeforeUnload: false });
    await expect
      .poll(() => status(alice), { timeout: 20_000 })
      .toBe("The other side is reconnecting…");
    await control(alice, "close").waitFor();
    expect(await status(alice)).toMatch(/^The connection was lost/);
    await control(alice, "close").click();
    await callWindow(alice).waitFor({ state: "detached" });
    // The line is free again.
    await profileOf(alice, "carol");
  });
});

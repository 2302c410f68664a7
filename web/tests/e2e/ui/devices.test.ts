/** Cameras, microphones and loudspeakers: chosen, switched, refused and missing, against a real server. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";

import { callFrom, connected, control, hears, isFakeCamera, shows, Site, sound } from "./site.js";

let site: Site;

beforeAll(async () => {
  site = await Site.start();
});
afterAll(() => site.stop());
afterEach(() => site.clear());

/** Keeps the elements that play, which are on no page. */
function players(page: Page): Promise<unknown> {
  return page.addInitScript(() => {
    const players: HTMLAudioElement[] = [];
    Object.assign(globalThis, { players });
    globalThis.Audio = class extends Audio {
      constructor() {
        super();
        players.push(this);
      }
    };
  });
}

/** Through which loudspeaker each voice plays, by its label. */
function speakers(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { players } = globalThis as unknown as { players: HTMLAudioElement[] };
    const devices = await navigator.mediaDevices.enumerateDevices();
    return players
      .filter((it) => it.srcObject !== null && !it.paused)
      .map(({ sinkId }) => devices.find((it) => it.kind === "audiooutput" && it.deviceId === sinkId)?.label ?? "");
  });
}

/** The camera whose picture is sent, by its label. */
function camera(page: Page): Promise<string | undefined> {
  return page.evaluate(() => {
    const { made } = globalThis as unknown as { made: RTCPeerConnection[] };
    const senders = made.flatMap((it) => (it.connectionState === "closed" ? [] : it.getSenders()));
    return senders.find((it) => it.track?.kind === "video")?.track?.label;
  });
}

/** Devices of the kinds that `wanted` names are not to be had, for the reason of `name`. */
function without(page: Page, wanted: readonly string[], name: string): Promise<unknown> {
  return page.addInitScript(
    ({ wanted, name }) => {
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (asked) =>
        Object.keys(asked ?? {}).some((it) => wanted.includes(it))
          ? Promise.reject(new DOMException("not here", name))
          : open(asked);
    },
    { wanted, name },
  );
}

it("a voice goes on through the loudspeaker one chooses", async () => {
  const alice = await site.as("alice", {}, players);
  await callFrom(alice, "echo", "voice");
  await connected(alice);
  await hears(alice, sound);
  await control(alice, "speaker").click();
  const choice = alice.locator("calling-window .menu .item").last();
  const label = (await choice.innerText()).trim();
  expect(await speakers(alice)).not.toContain(label);
  await choice.click();
  await expect.poll(() => speakers(alice)).toEqual([label]);
  await hears(alice, sound);
});

it("a picture goes on from the other camera", async () => {
  const alice = await site.as("alice", {}, (page) =>
    page.addInitScript(() => {
      // Chromium's second fake camera measures depth, and its pictures are none.
      const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
      navigator.mediaDevices.enumerateDevices = async () =>
        (await list()).filter((it) => it.label !== "fake_device_1");
    }),
  );
  await callFrom(alice, "echo", "video");
  await connected(alice);
  await shows(alice, ".backdrop", isFakeCamera);
  const before = await camera(alice);
  await control(alice, "more").click();
  await alice.locator("calling-window .menu .item", { hasText: "Switch camera" }).click();
  await expect.poll(() => camera(alice)).not.toBe(before);
  expect(await camera(alice)).toBeTruthy();
  await hears(alice, ({ frames }) => frames > 10);
  await shows(alice, ".backdrop", isFakeCamera);
  await shows(alice, ".corner", isFakeCamera);
});

it("who has no camera is told so, and talks", async () => {
  const alice = await site.as("alice", {}, (page) => without(page, ["video"], "NotFoundError"));
  await callFrom(alice, "echo", "video");
  await alice.locator("calling-window .notice", { hasText: "No camera was found. Plug one in to be seen." }).waitFor();
  await connected(alice);
  await hears(alice, sound);
  expect(await control(alice, "camera").getAttribute("aria-label")).toBe("Turn camera on");
  await alice.locator("calling-window .corner .no-picture").waitFor();
});

it("who has no device at all listens, and is told so in their language", async () => {
  const alice = await site.as("alice", { locale: "zh-TW" }, (page) => without(page, ["audio", "video"], "NotFoundError"));
  const bob = await site.as("bob");
  await callFrom(bob, "alice", "voice");
  await control(alice, "accept").click();
  await connected(alice);
  const warning = alice.locator("calling-window .notice.warning");
  await warning.waitFor();
  expect(await warning.innerText()).toContain("找不到麥克風");
  await hears(alice, sound);
});

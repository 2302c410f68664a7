/** Pictures on the page, against a real server: decoded, shown, closed, shared. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { answer, callFrom, connected, control, hears, isFakeCamera, shows, Site } from "./site.js";

let site: Site;

beforeAll(async () => {
  site = await Site.start();
});
afterAll(() => site.stop());
afterEach(() => site.clear());

const pictures = ({ frames }: { frames: number }): boolean => frames > 5;

/** Pictures that have a size: how many of those that `selector` finds. */
function shown(page: Page, selector: string): Promise<number> {
  return page
    .locator(`calling-window ${selector} video`)
    .evaluateAll((all) => all.filter((it) => (it as HTMLVideoElement).videoWidth > 0).length);
}

async function callOfTwo(): Promise<readonly [Page, Page]> {
  const [alice, bob] = [await site.as("alice"), await site.as("bob")];
  await callFrom(alice, "bob", "video");
  await control(bob, "accept").waitFor();
  expect(await bob.locator("calling-window .kicker").innerText()).toBe("Incoming video call");
  await answer(bob);
  await connected(alice);
  return [alice, bob];
}

describe("a video call", () => {
  it("shows both to both, and swaps and moves them", async () => {
    const [alice, bob] = await callOfTwo();
    await Promise.all([hears(alice, pictures), hears(bob, pictures)]);
    for (const page of [alice, bob]) {
      await shows(page, ".backdrop", isFakeCamera);
      await shows(page, ".corner", isFakeCamera);
    }
    const corner = alice.locator("calling-window .corner");
    await corner.press("ArrowDown");
    await corner.press("ArrowLeft");
    expect(await corner.getAttribute("class")).toContain("bottom-left");
    await corner.click();
    await shows(alice, ".backdrop", isFakeCamera);
    await shows(alice, ".corner", isFakeCamera);
    expect(await corner.innerText()).toContain("bob");
  });

  it("shows an avatar for who closed the camera, and becomes a voice call", async () => {
    const [alice, bob] = await callOfTwo();
    await hears(bob, pictures);
    await control(alice, "camera").click();
    await bob.locator("calling-window .backdrop .no-picture").waitFor();
    await control(alice, "camera").click();
    await shows(bob, ".backdrop", isFakeCamera);
    await control(bob, "more").click();
    await bob.locator("calling-window .menu .item", { hasText: "Switch to voice" }).click();
    for (const page of [alice, bob]) await control(page, "speaker").waitFor();
    await expect.poll(() => shown(alice, "")).toBe(0);
  });

  it("goes on in the small window", async () => {
    const [alice] = await callOfTwo();
    await hears(alice, pictures);
    await alice.keyboard.press("Escape");
    await shows(alice, ".mini", isFakeCamera);
    await hears(alice, pictures);
  });

  it("shows a shared screen whole", async () => {
    const [alice, bob] = await callOfTwo();
    await hears(bob, pictures);
    await control(alice, "share").click();
    await bob.locator("calling-window .backdrop calling-view[contain]").waitFor();
    await expect.poll(() => shown(bob, ".backdrop"), { timeout: 15_000 }).toBe(1);
    await alice.locator("calling-window .notice.action").click();
    await bob
      .locator("calling-window .backdrop calling-view[contain]")
      .waitFor({ state: "detached" });
  });
});

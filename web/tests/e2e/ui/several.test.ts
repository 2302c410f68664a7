/** A video call of four on the page, against a real server: everybody's picture on everybody's page. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { answer, connected, control, hears, isFakeCamera, shows, Site, sound, withCalling } from "./site.js";

const NAMES = ["alice", "bob", "carol", "dave"] as const;
let site: Site;

beforeAll(async () => {
  site = await Site.start();
});
afterAll(() => site.stop());

const tile = (user: string): string => `.tile[data-user=${user}]`;

/** Everybody signs in, Alice calls the group, and the others answer. */
async function callOfFour(): Promise<Page[]> {
  const pages = await Promise.all(NAMES.map((it) => site.as(it)));
  const [alice, ...others] = pages as [Page, ...Page[]];
  await withCalling(
    alice,
    async (calling, members) => {
      const { groupId } = await calling.chat.createGroup({ name: "Four", members });
      await calling.groupCall({ users: members, groupId, mediaType: "video" });
    },
    ["bob", "carol", "dave"],
  );
  for (const page of others) await answer(page);
  await connected(alice);
  return pages;
}

describe("a video call of four", { timeout: 120_000 }, () => {
  it("shows everybody to everybody, who speaks, and one large", async () => {
    const pages = await callOfFour();
    for (const [n, page] of pages.entries()) {
      await expect.poll(() => page.locator("calling-window .tile").count(), { timeout: 20_000 }).toBe(4);
      // One's own, and three that came over the network.
      for (const user of NAMES) await shows(page, tile(user), isFakeCamera);
      await hears(page, ({ packets, energy, frames }) => frames > 10 && sound({ packets, energy, frames }));
      expect(await page.locator(`calling-window ${tile(NAMES[n]!)} .who`).innerText()).toBe("You");
    }
    const [alice, bob, , dave] = pages as [Page, Page, Page, Page];

    // All but Bob fall silent: he has the word, and his meter moves.
    for (const page of pages) if (page !== bob) await control(page, "mic").click();
    const speaking = alice.locator("calling-window .tile.active");
    await expect.poll(() => speaking.getAttribute("data-user"), { timeout: 20_000 }).toBe("bob");
    expect(await speaking.getAttribute("aria-label")).toBe("bob, speaking");
    expect(await speaking.evaluate((it) => Number(getComputedStyle(it).getPropertyValue("--level")))).toBeGreaterThan(0.1);
    await alice.locator(`calling-window ${tile("dave")} .muted`).waitFor();

    // One whom one chose is large, in a larger picture, and then everybody again.
    await alice.locator(`calling-window ${tile("carol")} .enlarge`).click();
    await shows(alice, `.spotlight ${tile("carol")}`, isFakeCamera);
    expect(await alice.locator("calling-window .strip .tile").count()).toBe(3);
    await alice.locator("calling-window .spotlight .enlarge").click();
    await alice.locator("calling-window .spotlight").waitFor({ state: "detached" });

    // Who leaves is gone, and the others see each other still.
    await control(dave, "hang-up").click();
    await expect.poll(() => alice.locator("calling-window .tile").count()).toBe(3);
    for (const user of ["alice", "bob", "carol"]) await shows(alice, tile(user), isFakeCamera);
  });
});

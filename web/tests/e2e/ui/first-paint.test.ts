/** The first thing to see waits for nothing but the page itself. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Site } from "./site.js";

let site: Site;
beforeAll(async () => {
  site = await Site.start();
});
afterAll(() => site.stop());

test("something is painted before any script or style has come, and the page takes its place", async () => {
  let release = (): void => undefined;
  const released = new Promise<void>((done) => (release = done));
  const asked: string[] = [];
  let page: Page | undefined;
  const visit = site.visit({}, async (opened) => {
    page = opened;
    await opened.route(/\/assets\/|\/v1\//, async (route) => {
      asked.push(new URL(route.request().url()).pathname);
      await released;
      await route.continue();
    });
  });
  await expect.poll(() => asked.length, { timeout: 20_000 }).toBeGreaterThan(0);
  const painted = (): number => performance.getEntriesByName("first-contentful-paint").length;
  await expect.poll(() => page?.evaluate(painted).catch(() => 0), { timeout: 20_000 }).toBe(1);
  expect(await page?.locator("calling-page > svg").isVisible()).toBe(true);
  release();
  const shown = await visit;
  await shown.waitForSelector("[data-account=alice]");
  expect(await shown.locator("calling-page > svg").isVisible()).toBe(false);
  const margin = await shown.evaluate(() => getComputedStyle(document.body).margin);
  expect(margin, "the ground's style is there, too").toBe("0px");
});

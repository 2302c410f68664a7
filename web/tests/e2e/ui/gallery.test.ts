/**
 * Every screen of the gallery: no accessibility violation by axe, nothing wider than the window,
 * no text cut off. With `SHOTS=folder` in the environment it leaves a picture of each.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { mkdir } from "node:fs/promises";
import { chromium, type Browser, type Page } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, describe, it } from "vitest";

import { CALLS } from "../../../src/gallery/calls.js";
import { CHAT_SCREENS } from "../../../src/gallery/chat-screens.js";
import type {} from "../../../src/gallery/main.js";

const { SHOTS, ONLY, LANGUAGE = "en", NO_AXE } = process.env;
const AXE_TOO = NO_AXE === undefined;
/** How long a screen may take to find its place, in frames. */
const MOST_FRAMES = 120;
const PHONE = [390, 844] as const;
const DESK = [1440, 900] as const;
const WIDTHS = [[320, 640], [768, 1024], DESK, PHONE] as const;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let server: ViteDevServer;
let browser: Browser;
/** Pages that look at nothing just now. */
const free: Page[] = [];

beforeAll(async () => {
  server = await createServer({
    server: { port: 0, host: "127.0.0.1", hmr: false, watch: null },
    logLevel: "error",
  });
  await server.listen();
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
  });
  if (SHOTS !== undefined) await mkdir(SHOTS, { recursive: true });
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

/** An empty gallery, with axe. */
async function open(): Promise<Page> {
  const page = await browser.newPage({ reducedMotion: "reduce" });
  const base = server.resolvedUrls?.local[0] ?? "";
  await page.goto(`${base}gallery.html?lang=${LANGUAGE}`);
  await page.waitForSelector("html[data-ready]", { state: "attached" });
  if (AXE_TOO) await page.evaluate(AXE);
  return page;
}

/** What axe finds wrong. */
async function violations(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    // The gallery is one component on an empty page.
    const rules = { "page-has-heading-one": { enabled: false }, region: { enabled: false } };
    const { violations: found } = await axe.run(document, {
      rules: { ...rules, "landmark-one-main": { enabled: false } },
      resultTypes: ["violations"],
    });
    return found.flatMap((it) =>
      it.nodes.map((node) => `${it.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`),
    );
  });
}

/** Buttons and lines that stand outside of the window, and one-line texts that are cut, for good. */
function misplaced(page: Page): Promise<string[]> {
  return page.evaluate(async (mostFrames) => {
    const frame = (): Promise<unknown> => new Promise((drawn) => requestAnimationFrame(drawn));
    const look = (root: Document | ShadowRoot, found: string[]): string[] => {
      for (const element of root.querySelectorAll<HTMLElement>("*")) {
        if (element.shadowRoot !== null) look(element.shadowRoot, found);
        if (element.closest(".strip, .hidden-text") !== null) continue;
        const { left, right, width, height } = element.getBoundingClientRect();
        if (!element.matches("button, input, h1, h2, p, .caption") || width * height === 0)
          continue;
        if (left < -1 || right > innerWidth + 1)
          found.push(`outside: ${element.outerHTML.slice(0, 120)}`);
        const isCut =
          element.matches("button, .caption") && element.scrollWidth > element.clientWidth + 1;
        if (isCut && !element.matches(".enlarge, .corner, .restore, .row")) {
          found.push(`cut: ${element.textContent.trim()}`);
        }
      }
      return found;
    };
    // A new size is heard of in the first frame, an observer draws anew in the second.
    for (let settling = 0; settling < 3; settling += 1) await frame();
    let found = look(document, []);
    for (let more = 0; found.length > 0 && more < mostFrames; more += 1) {
      await frame();
      found = look(document, []);
    }
    return found;
  }, MOST_FRAMES);
}

const screens = [...Object.keys(CALLS), ...CHAT_SCREENS].filter(
  (it) => ONLY === undefined || new RegExp(ONLY).test(it),
);

describe.concurrent.each(screens)("%s", (screen) => {
  it.concurrent("is whole at every width and accessible in both themes", async ({ expect }) => {
    const page = free.pop() ?? (await open());
    const errors: string[] = [];
    const noted = ({ message }: Error): number => errors.push(message);
    page.on("pageerror", noted);
    const checked = async (theme: string, [width, height]: readonly [number, number]) => {
      await page.setViewportSize({ width, height });
      const where = `${screen} ${theme} ${width}`;
      expect.soft(await misplaced(page), where).toEqual([]);
      if (SHOTS !== undefined)
        await page.screenshot({ path: `${SHOTS}/${screen}-${theme}-${width}.png` });
      // Both layouts and both themes: colours do not depend on the width.
      const isToAsk = theme === "light" ? width === DESK[0] : width === PHONE[0];
      if (AXE_TOO && isToAsk) expect.soft(await violations(page), where).toEqual([]);
    };
    await page.setViewportSize({ width: PHONE[0], height: PHONE[1] });
    await page.evaluate((it) => gallery.show(it, "light"), screen);
    for (const size of WIDTHS) await checked("light", size);
    await page.evaluate(() => gallery.wear("dark"));
    // Where things lie does not depend on the theme.
    for (const size of SHOTS === undefined ? [PHONE] : WIDTHS) await checked("dark", size);
    expect(errors).toEqual([]);
    page.off("pageerror", noted);
    free.push(page);
  });
});

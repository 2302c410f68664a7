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

const { SHOTS, ONLY, LANGUAGE = "en", NO_AXE } = process.env;
const AXE_TOO = NO_AXE === undefined;
/** For what follows a change of the window's size: an observer and a rendering. */
const SETTLE_MS = 80;
const PHONE = [390, 844] as const;
const WIDTHS = [
  [320, 640],
  PHONE,
  [768, 1024],
  [1440, 900],
] as const;
const THEMES = ["light", "dark"] as const;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let server: ViteDevServer;
let browser: Browser;

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

async function open(page: Page, screen: string, theme: string): Promise<void> {
  const base = server.resolvedUrls?.local[0] ?? "";
  await page.goto(`${base}gallery.html?screen=${screen}&theme=${theme}&lang=${LANGUAGE}`);
  await page.waitForSelector("html[data-ready]", { state: "attached" });
}

/** What axe finds wrong. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    // The gallery is one component on an empty page.
    const rules = { "page-has-heading-one": { enabled: false }, region: { enabled: false } };
    const { violations: found } = await axe.run(document, {
      rules: { ...rules, "landmark-one-main": { enabled: false } },
    });
    return found.flatMap((it) =>
      it.nodes.map((node) => `${it.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`),
    );
  });
}

/** What is misplaced once everything has found its place. */
async function stillMisplaced(page: Page): Promise<string[]> {
  for (let turn = 0; turn < 20; turn += 1) {
    if ((await misplaced(page)).length === 0) return [];
    await page.waitForTimeout(SETTLE_MS);
  }
  return misplaced(page);
}

/** Buttons and lines that stand outside of the window, and one-line texts that were cut. */
function misplaced(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const visit = (root: Document | ShadowRoot): void => {
      for (const element of root.querySelectorAll<HTMLElement>("*")) {
        if (element.shadowRoot !== null) visit(element.shadowRoot);
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
    };
    visit(document);
    return found;
  });
}

const screens = [...Object.keys(CALLS), ...CHAT_SCREENS].filter(
  (it) => ONLY === undefined || new RegExp(ONLY).test(it),
);

describe.concurrent.each(screens)("%s", (screen) => {
  it.concurrent("is whole at every width and accessible in both themes", async ({ expect }) => {
    const page = await browser.newPage({ reducedMotion: "reduce" });
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    for (const theme of THEMES) {
      await page.setViewportSize({ width: 390, height: 844 });
      await open(page, screen, theme);
      // Where things lie does not depend on the theme.
      const widths = theme === "light" || SHOTS !== undefined ? WIDTHS : [PHONE];
      for (const [width, height] of widths) {
        await page.setViewportSize({ width, height });
        await page.waitForTimeout(SETTLE_MS);
        const where = `${screen} ${theme} ${width}`;
        if (SHOTS !== undefined)
          await page.screenshot({ path: `${SHOTS}/${screen}-${theme}-${width}.png` });
        expect.soft(await stillMisplaced(page), where).toEqual([]);
        const isChecked = width === PHONE[0] || (width === 1440 && theme === "light");
        if (AXE_TOO && isChecked) expect.soft(await violations(page), where).toEqual([]);
      }
    }
    expect(errors).toEqual([]);
    await page.close();
  });
});

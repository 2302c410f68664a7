/** The pictures of the README: `npm run screenshots` writes them to `docs/images`. */
import path from "node:path";
import { chromium } from "playwright-core";
import { createServer } from "vite";
import { it } from "vitest";

const { README_SHOTS } = process.env;

/** File, screen, theme, language, width and height. */
const PICTURES = [
  ["chat", "chat-direct", "light", "en", 960, 620],
  ["group-call", "group-6", "dark", "en", 800, 520],
  ["incoming", "incoming-video", "light", "zh-Hans", 390, 760],
  ["voice", "voice", "dark", "en", 390, 760],
  ["video", "video", "light", "en", 390, 760],
  ["group-chat", "chat-group", "dark", "zh-Hans", 390, 760],
] as const;

it.runIf(README_SHOTS !== undefined)("takes the pictures", { timeout: 300_000 }, async () => {
  const server = await createServer({ server: { port: 0, host: "127.0.0.1" }, logLevel: "error" });
  await server.listen();
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  for (const [file, screen, theme, lang, width, height] of PICTURES) {
    const page = await browser.newPage({ viewport: { width, height }, reducedMotion: "reduce" });
    const base = server.resolvedUrls?.local[0] ?? "";
    await page.goto(`${base}gallery.html?screen=${screen}&theme=${theme}&lang=${lang}`);
    await page.waitForSelector("html[data-ready]", { state: "attached" });
    await page.waitForTimeout(800);
    await page.screenshot({ path: path.join(README_SHOTS ?? "", `${file}.png`) });
    await page.close();
  }
  await browser.close();
  await server.close();
});

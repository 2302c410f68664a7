/**
 * The pictures of README and docs/screens.md: `make screenshots` writes them to `docs/images`.
 *
 * The clock stands still, so that a screen that did not change gives the same picture.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";

import { Shelf } from "./shelf.js";

const { README_SHOTS } = process.env;
const NOW = new Date("2026-03-04T20:23:00Z");
/** What a picture may weigh in the repository, in bytes. */
const HEAVIEST = 100_000;
/** Of WebP: letters stay crisp. */
const QUALITY = 0.8;

const PHONE = [390, 760] as const;
const NARROW = [320, 640] as const;
const DESK = [960, 620] as const;
const STAGE = [960, 640] as const;
const GRID = [960, 720] as const;

type Shot = readonly [
  file: string,
  screen: string,
  theme: "light" | "dark",
  language: string,
  size: readonly [width: number, height: number],
  under?: string,
];

const SHOTS: readonly Shot[] = [
  ["sign-in", "sign-in", "light", "en", PHONE],
  ["chat", "chat-direct", "light", "en", DESK],
  ["chat-dark", "chat-direct", "dark", "en", DESK],
  ["chat-narrow", "chat-list", "light", "en", NARROW],
  ["profile", "chat-profile", "light", "en", PHONE],
  ["group-page", "chat-group-page", "light", "en", PHONE],
  ["group-chat", "chat-group", "dark", "zh-Hans", PHONE],
  ["outgoing", "outgoing-voice", "light", "zh-Hant", PHONE],
  ["incoming", "incoming-video", "light", "zh-Hans", PHONE],
  ["voice", "voice", "dark", "en", PHONE],
  ["listen-only", "voice-listen-only", "light", "en", PHONE],
  ["devices", "voice-more", "light", "en", PHONE],
  ["reconnecting", "reconnecting", "dark", "en", PHONE],
  ["ended", "ended-talked", "light", "en", PHONE],
  ["video", "video", "light", "en", PHONE],
  ["screen-share", "video-screen", "light", "en", STAGE],
  ["group-call", "group-4", "light", "en", GRID],
  ["group-paged", "group-paged", "dark", "en", GRID],
  ["group-narrow", "group-9", "light", "en", NARROW],
  ["invite", "group-invite", "light", "en", STAGE],
  ["mini", "mini-video", "light", "en", DESK, "chat-direct"],
];

/** Every picture of a camera or a screen is there. */
function painted(): boolean {
  const look = (root: Document | ShadowRoot): boolean =>
    [...root.querySelectorAll("*")].every((it) =>
      it instanceof HTMLVideoElement
        ? it.videoWidth > 0 && it.currentTime > 0
        : it.shadowRoot === null || look(it.shadowRoot),
    );
  return look(document);
}

/** A PNG as WebP, made in `page`. */
async function small(page: Page, png: Buffer): Promise<Buffer> {
  const told = { png: `data:image/png;base64,${png.toString("base64")}`, quality: QUALITY };
  const webp = await page.evaluate(async ({ png, quality }) => {
    const picture = await createImageBitmap(await (await fetch(png)).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d")!.drawImage(picture, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality });
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, told);
  return Buffer.from(webp);
}

it.runIf(README_SHOTS !== undefined)("takes the pictures", { timeout: 300_000 }, async () => {
  const shelf = await Shelf.open();
  const press = await shelf.page("en");
  for (const [file, screen, theme, language, [width, height], under] of SHOTS) {
    const viewport = { width, height };
    const page = await shelf.page(language, { viewport, deviceScaleFactor: 2, timezoneId: "UTC" }, (page) =>
      page.clock.setFixedTime(NOW),
    );
    await page.evaluate(([screen, theme, under]) => gallery.show(screen, theme, under), [screen, theme, under] as const);
    await page.waitForFunction(painted);
    const picture = await small(press, await page.screenshot());
    expect.soft(picture.byteLength, file).toBeLessThan(HEAVIEST);
    writeFileSync(path.join(README_SHOTS ?? "", `${file}.webp`), picture);
    await page.context().close();
  }
  await shelf.close();
});

/** Chromium and Firefox, driven alike. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import type { Lab } from "./lab.js";

/** A page in a browser. */
export interface Tab {
  evaluate<R>(doing: () => R): Promise<Awaited<R>>;
  evaluate<A, R>(doing: (told: A) => R, told: A): Promise<Awaited<R>>;
  /** Runs `doing` in each page before its own scripts. */
  before(doing: () => void): Promise<unknown>;
  goto(url: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface Browser {
  readonly name: "Chromium" | "Firefox";
  readonly version: string;
  tab(): Promise<Tab>;
  close(): Promise<void>;
}

const CHROMIUM = "/usr/bin/chromium";
const CHROMIUM_FLAGS = [
  "--lang=en",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-dev-shm-usage",
];
const FIREFOX = "/usr/bin/firefox-esr";
const FIREFOX_PREFERENCES = {
  // Devices that are not there, and no question whether they may be used.
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
  // The server is on this machine, and Firefox would leave loopback out.
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
};

export async function openChromium(): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
  return {
    name: "Chromium",
    version: browser.version(),
    tab: async () => {
      const context = await browser.newContext({ permissions: ["microphone", "camera"] });
      const page = await context.newPage();
      const close = (): Promise<void> => context.close();
      const [evaluate, goto] = [page.evaluate.bind(page), page.goto.bind(page)];
      return { evaluate, goto, close, before: (doing) => page.addInitScript(doing) };
    },
    close: () => browser.close(),
  };
}

/** What is used of puppeteer-core, which is installed for this table alone. */
interface Puppeteer {
  launch(options: object): Promise<{
    version(): Promise<string>;
    newPage(): Promise<Omit<Tab, "before"> & { evaluateOnNewDocument: Tab["before"] }>;
    close(): Promise<void>;
  }>;
}

/** Firefox by WebDriver BiDi; a sentence if it is not here. */
export async function openFirefox(): Promise<Browser | string> {
  if (!existsSync(FIREFOX)) return "firefox-esr is not installed";
  let where: string;
  try {
    where = createRequire(import.meta.url).resolve("puppeteer-core");
  } catch {
    return "puppeteer-core is not installed";
  }
  const { default: puppeteer } = (await import(where)) as { default: Puppeteer };
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: FIREFOX,
    headless: true,
    extraPrefsFirefox: FIREFOX_PREFERENCES,
  });
  return {
    name: "Firefox",
    version: (await browser.version()).replace("firefox/", ""),
    tab: async () => {
      const page = await browser.newPage();
      return {
        // The stack of a page names addresses, which Vitest would look for among the files.
        evaluate: (async (doing: (told: unknown) => unknown, told: unknown) =>
          page.evaluate(doing, told).catch((error: unknown) => {
            throw new Error(error instanceof Error ? error.message : String(error));
          })) as Tab["evaluate"],
        before: page.evaluateOnNewDocument.bind(page),
        goto: page.goto.bind(page),
        close: page.close.bind(page),
      };
    },
    close: () => browser.close(),
  };
}

/** A page that is `user`, signed in; `query` as page.ts reads it. */
export async function openPeer(
  lab: Lab,
  browser: Browser,
  user: string,
  query: Record<string, string>,
): Promise<Tab> {
  const tab = await browser.tab();
  await tab.goto(lab.page(query));
  await tab.evaluate(async () => {
    while (!("peer" in globalThis)) await new Promise((soon) => setTimeout(soon, 20));
  });
  const params = { userId: user, userSig: lab.userSig(user) };
  await tab.evaluate((params) => peer.calling.login(params), params);
  return tab;
}

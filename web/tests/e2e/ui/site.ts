/** The page as people get it: a real server with demo accounts, and browsers with fake devices. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  chromium,
  type Browser,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from "playwright-core";

import type { CallingApi, CallingWindow } from "../../../src/ui/index.js";

const WEB = path.resolve(import.meta.dirname, "../../..");

/** The program under test: `CALLING_BIN`, or the newest that was built here. */
function program(): string {
  const told = process.env["CALLING_BIN"];
  if (told !== undefined) return told;
  const built = ["debug", "release"].map((it) => path.join(WEB, "../target", it, "calling"));
  const [newest] = built
    .filter((it) => existsSync(it))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  if (newest === undefined) throw new Error("build the server first: cargo build -p calling-cli");
  return newest;
}

/** What is counted of a page's media. */
export interface Heard {
  readonly packets: number;
  readonly energy: number;
  readonly frames: number;
}

export class Site {
  readonly #pages: Page[] = [];

  private constructor(
    private readonly server: ChildProcess,
    readonly origin: string,
    private readonly data: string,
    private readonly browser: Browser,
  ) {}

  static async start(): Promise<Site> {
    const data = mkdtempSync(path.join(tmpdir(), "calling-ui-"));
    const args = ["serve", "--demo", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0"];
    const server = spawn(program(), [...args, "--data", data], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const origin = await served(server);
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        // Ten pictures a second: everybody encodes three sizes on this one machine.
        "--use-fake-device-for-media-stream=fps=10",
        "--use-fake-ui-for-media-stream",
        "--auto-select-desktop-capture-source=Entire screen",
        "--autoplay-policy=no-user-gesture-required",
        "--disable-dev-shm-usage",
      ],
    });
    return new Site(server, origin, data, browser);
  }

  /** The page, nobody signed in. */
  async visit(
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Page> {
    const context = await this.browser.newContext({
      locale: "en-GB",
      reducedMotion: "reduce",
      permissions: ["microphone", "camera"],
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    const page = await context.newPage();
    this.#pages.push(page);
    page.setDefaultTimeout(30_000);
    await page.addInitScript(() => {
      const made: RTCPeerConnection[] = [];
      Object.assign(globalThis, { made });
      globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          made.push(this);
        }
      };
    });
    await prepare?.(page);
    await page.goto(this.origin);
    return page;
  }

  /** The same, signed in with one click. */
  async as(
    user: string,
    options?: BrowserContextOptions,
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Page> {
    const page = await this.visit(options, prepare);
    await page.click(`[data-account=${user}]`);
    await page.waitForSelector("calling-chat");
    return page;
  }

  /** Closes the pages of a test. */
  async clear(): Promise<void> {
    await Promise.all(this.#pages.splice(0).map((it) => it.context().close()));
  }

  async stop(): Promise<void> {
    await this.browser.close();
    const gone = new Promise((done) => this.server.once("exit", done));
    this.server.kill("SIGTERM");
    await gone;
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** Where the server says that it listens. */
function served(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const found = / serves (http:\/\/[\d.:]+)\//.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    server.once("exit", (code) => reject(new Error(`the server ended (${String(code)}): ${said}`)));
  });
}

/** A control of the call window. */
export function control(page: Page, name: string): Locator {
  return page.locator(`calling-window [data-control="${name}"]`);
}

/** What the call window shows. */
export function callWindow(page: Page): Locator {
  return page.locator("calling-window dialog.window");
}

/** Opens somebody's page from the list of a new account, or by writing the name. */
export async function profileOf(page: Page, user: string): Promise<void> {
  await page.click('calling-chat .side-head [title="New chat"]');
  await page.fill("calling-dialog input[name=other]", user);
  await page.click("calling-dialog button.primary");
  await page.waitForSelector("calling-chat .who-card");
}

/** Calls somebody from their page. */
export async function callFrom(page: Page, user: string, media: "voice" | "video"): Promise<void> {
  await profileOf(page, user);
  await page.click(`calling-chat .actions [data-control=${media}]`);
  await control(page, "hang-up").waitFor();
}

/** Answers what rings. */
export async function answer(page: Page): Promise<void> {
  await control(page, "accept").click();
  await connected(page);
}

/** Waits until one talks. */
export async function connected(page: Page): Promise<void> {
  await control(page, "more").waitFor();
}

/** What came in on all media connections of a page. */
export function heard(page: Page): Promise<Heard> {
  return page.evaluate(async () => {
    const { made } = globalThis as unknown as { made: RTCPeerConnection[] };
    let [packets, energy, frames] = [0, 0, 0];
    for (const connection of made) {
      for (const it of (await connection.getStats()).values() as Iterable<
        Record<string, unknown>
      >) {
        if (it["type"] !== "inbound-rtp") continue;
        packets += Number(it["packetsReceived"] ?? 0);
        energy += Number(it["totalAudioEnergy"] ?? 0);
        frames += Number(it["framesDecoded"] ?? 0);
      }
    }
    return { packets, energy, frames };
  });
}

/** Waits until `is` holds for what came in since now. */
export async function hears(page: Page, is: (more: Heard) => boolean): Promise<void> {
  const before = await heard(page);
  const until = Date.now() + 30_000;
  for (;;) {
    const now = await heard(page);
    const more = {
      packets: now.packets - before.packets,
      energy: now.energy - before.energy,
      frames: now.frames - before.frames,
    };
    if (is(more)) return;
    if (Date.now() > until) throw new Error(`nothing came: ${JSON.stringify(more)}`);
    await page.waitForTimeout(50);
  }
}

/** Does something with the SDK behind the window. */
export async function withCalling<T, A>(
  page: Page,
  work: (calling: CallingApi, arg: A) => Promise<T> | T,
  arg: A,
): Promise<T> {
  const calling = await page.evaluateHandle(() => {
    const root = document.querySelector("calling-page")?.shadowRoot;
    return root!.querySelector<CallingWindow>("calling-window")!.calling!;
  });
  return calling.evaluate(work as never, arg as never);
}

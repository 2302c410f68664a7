/** The page as people get it: a real server with demo accounts, and browsers with fake devices. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
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
import { program, served } from "../../server.js";
import { Relay } from "../relay.js";

/** What is counted of a page's media. */
export interface Heard {
  readonly packets: number;
  readonly energy: number;
  readonly frames: number;
}

/** A voice, for {@link hears}. */
export const sound = ({ packets, energy }: Heard): boolean => packets > 20 && energy > 1e-5;

export class Site {
  readonly #pages: Page[] = [];

  private constructor(
    private readonly server: ChildProcess,
    private readonly data: string,
    private readonly browser: Browser,
    /** What lies between browsers and server. */
    readonly network: Relay,
  ) {}

  /** Where the pages are. */
  get origin(): string {
    return `http://${this.network.http}`;
  }

  static async start(): Promise<Site> {
    const data = mkdtempSync(path.join(tmpdir(), "calling-ui-"));
    const args = ["serve", "--demo", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0"];
    const server = spawn(program(), [...args, "--data", data], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const http = await served(server);
    const network = await Relay.start(http, await mediaPort(http));
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        // Ten pictures a second: everybody encodes three sizes on this one machine.
        "--use-fake-device-for-media-stream=fps=10,device-count=3",
        "--use-fake-ui-for-media-stream",
        "--auto-select-desktop-capture-source=Entire screen",
        "--autoplay-policy=no-user-gesture-required",
        "--disable-dev-shm-usage",
      ],
    });
    return new Site(server, data, browser, network);
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
    await page.addInitScript((port) => {
      const made: RTCPeerConnection[] = [];
      Object.assign(globalThis, { made });
      globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          made.push(this);
        }

        /** The way to the server leads through the tests' network. */
        override setRemoteDescription(answer: RTCSessionDescriptionInit): Promise<void> {
          const sdp = answer.sdp?.replace(/^(a=candidate:.* 127\.0\.0\.1 )\d+/gm, `$1${port}`);
          return super.setRemoteDescription({ ...answer, sdp: sdp ?? "" });
        }
      };
    }, this.network.mediaPort);
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
    this.network.isGone = false;
    await Promise.all(this.#pages.splice(0).map(leave));
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.network.stop();
    const gone = new Promise((done) => this.server.once("exit", done));
    this.server.kill("SIGTERM");
    await gone;
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** Hangs up and closes: the call of a page that is merely closed is kept for a while. */
async function leave(page: Page): Promise<void> {
  if (!page.isClosed()) {
    const hungUp = page.evaluate(async () => {
      const root = document.querySelector("calling-page")?.shadowRoot ?? document;
      await root.querySelector<CallingWindow>("calling-window")?.calling?.logout();
    });
    await hungUp.catch(() => undefined);
  }
  await page.context().close();
}

/** The port of media, as the server at `http` says it. */
async function mediaPort(http: string): Promise<number> {
  const status: unknown = await (await fetch(`http://${http}/v1/status`)).json();
  return (status as { media_port: number }).media_port;
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

/** Where the loudest tone of what comes in lies, in Hz, once there is one well above silence. */
export function tone(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { made } = globalThis as unknown as { made: RTCPeerConnection[] };
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
    const receivers = made.filter((it) => it.connectionState !== "closed").flatMap((it) => it.getReceivers());
    for (const { track } of receivers.filter((it) => it.track.kind === "audio")) {
      context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    }
    const bins = new Float32Array(analyser.frequencyBinCount);
    const until = performance.now() + 30_000;
    try {
      while (performance.now() < until) {
        await new Promise((soon) => setTimeout(soon, 20));
        analyser.getFloatFrequencyData(bins);
        const loudest = bins.reduce((best, level, at) => (level > bins[best]! ? at : best), 1);
        if (bins[loudest]! > -60) return (loudest * context.sampleRate) / analyser.fftSize;
      }
    } finally {
      await context.close();
    }
    throw new Error("there is no tone");
  });
}

/** What an element of the call window shows. */
export interface Picture {
  /** How much of it is green, as most of the fake camera's picture is. */
  readonly green: number;
  readonly moves: boolean;
}

/** Looks at the pixels that `selector` of the call window shows until they are `as` told. */
export async function shows(page: Page, selector: string, as: (it: Picture) => boolean): Promise<void> {
  const element = page.locator(`calling-window ${selector} video`).first();
  const until = Date.now() + 30_000;
  let seen: Picture | undefined;
  while (Date.now() < until) {
    if ((await element.count()) > 0) {
      seen = await element.evaluate(look).catch(() => undefined);
      if (seen !== undefined && as(seen)) return;
    }
    await page.waitForTimeout(100);
  }
  throw new Error(`${selector} shows ${JSON.stringify(seen)}`);
}

/** The fake camera: a green ground, on which something turns. */
export const isFakeCamera = ({ green, moves }: Picture): boolean => green > 0.5 && moves;

/** Runs in the page. */
async function look(element: Element): Promise<Picture> {
  const [width, height] = [64, 36];
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  const pixels = (): Uint8ClampedArray => {
    context.drawImage(element as HTMLVideoElement, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  };
  const before = pixels();
  await new Promise((soon) => setTimeout(soon, 300));
  const now = pixels();
  let [green, change] = [0, 0];
  for (let at = 0; at < now.length; at += 4) {
    const [red, middle, blue] = [now[at]!, now[at + 1]!, now[at + 2]!];
    if (middle > red && middle > blue) green += 4 / now.length;
    change += Math.abs(middle - before[at + 1]!) / (now.length / 4);
  }
  return { green, moves: change > 0.5 };
}

/** A real server, a real browser, and pages in it that are phones. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { build, preview, type PreviewServer } from "vite";
import { program, served } from "../server.js";
import { Relay } from "./relay.js";

const WEB = path.resolve(import.meta.dirname, "../..");
const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  // Ten pictures a second: everybody of a group encodes three sizes on this one machine.
  "--use-fake-device-for-media-stream=fps=10",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--auto-select-desktop-capture-source=Entire screen",
  "--disable-dev-shm-usage",
];

export class World {
  readonly server: ChildProcess;
  /** What lies between browsers and server. */
  readonly network: Relay;
  readonly #data: string;
  readonly #site: PreviewServer;
  readonly #browser: Browser;
  readonly #pages: Page[] = [];
  readonly #userSigs = new Map<string, string>();

  private constructor(server: ChildProcess, network: Relay, data: string, site: PreviewServer, browser: Browser) {
    this.server = server;
    this.network = network;
    this.#data = data;
    this.#site = site;
    this.#browser = browser;
  }

  static async start(flags: readonly string[] = []): Promise<World> {
    const data = mkdtempSync(path.join(tmpdir(), "calling-e2e-"));
    const args = ["serve", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0", "--data", data];
    const server = spawn(program(), args, { stdio: ["ignore", "pipe", "inherit"] });
    const http = await served(server);
    const network = await Relay.start(http, (await status(http)).media_port);
    const site = await phoneSite(path.join(data, "phone"), network.http);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [...FLAGS, ...flags],
    });
    return new World(server, network, data, site, browser);
  }

  /** The address of the pages. */
  get origin(): string {
    const address = this.#site.httpServer.address();
    if (address === null || typeof address !== "object") throw new Error("no address");
    return `http://127.0.0.1:${address.port}`;
  }

  /** The program under test. */
  readonly program = program();

  userSig(user: string): string {
    const known = this.#userSigs.get(user);
    if (known !== undefined) return known;
    const args = ["usersig", "--user", user, "--data", this.#data];
    const made = execFileSync(this.program, args, { encoding: "utf8" }).trim();
    this.#userSigs.set(user, made);
    return made;
  }

  /** A page that is a phone, not signed in, with permissions of its own. */
  async page(permissions: readonly string[] = ["microphone", "camera"]): Promise<Page> {
    const context = await this.#browser.newContext({ permissions: [...permissions] });
    const page = await context.newPage();
    await this.load(page);
    this.#pages.push(page);
    return page;
  }

  async load(page: Page): Promise<void> {
    await page.goto(`${this.origin}/page.html?media=${this.network.mediaPort}`);
    await page.waitForFunction(() => "phone" in globalThis);
  }

  /** The same, signed in. */
  async phone(user: string, permissions?: readonly string[]): Promise<Page> {
    const page = await this.page(permissions);
    await this.signIn(page, user);
    return page;
  }

  async signIn(page: Page, user: string): Promise<void> {
    const params = { userId: user, userSig: this.userSig(user) };
    await page.evaluate((params) => phone.calling.login(params), params);
  }

  /** Closes the pages of a test, and mends the network. */
  async clear(): Promise<void> {
    this.network.isGone = false;
    this.network.delayMs = 0;
    await Promise.all(this.#pages.splice(0).map(leave));
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.#site.close();
    this.network.stop();
    const gone = new Promise((done) => this.server.once("exit", done));
    this.server.kill("SIGTERM");
    await gone;
    rmSync(this.#data, { recursive: true, force: true });
  }
}

/** Hangs up and closes: the call of a page that is merely closed is kept for a while. */
async function leave(page: Page): Promise<void> {
  if (!page.isClosed()) await page.evaluate(() => phone.calling.logout()).catch(() => undefined);
  await page.context().close();
}

/** The page that is a phone, built once into `folder`; its calls go to the server at `http`. */
async function phoneSite(folder: string, http: string): Promise<PreviewServer> {
  const shared = { root: path.join(WEB, "tests/e2e"), configFile: false, logLevel: "silent" } as const;
  const made = { outDir: folder, emptyOutDir: true, minify: false, target: "es2022" } as const;
  const input = path.join(WEB, "tests/e2e/page.html");
  await build({ ...shared, build: { ...made, rolldownOptions: { input } } });
  const proxy = { "/v1": { target: `http://${http}`, ws: true } };
  return preview({ ...shared, build: made, preview: { host: "127.0.0.1", port: 0, proxy } });
}

interface Status {
  media_port: number;
}

/** What the server says of itself, asked past the network. */
async function status(http: string): Promise<Status> {
  return (await (await fetch(`http://${http}/v1/status`)).json()) as Status;
}

/** The gallery of screens, served and opened: the components themselves, with a SDK that is told what to say. */
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";

import type {} from "../../../src/gallery/main.js";

export class Shelf {
  private constructor(
    private readonly server: ViteDevServer,
    private readonly browser: Browser,
  ) {}

  static async open(): Promise<Shelf> {
    const server = await createServer({
      server: { port: 0, host: "127.0.0.1", hmr: false, watch: null },
      logLevel: "error",
    });
    await server.listen();
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
    });
    return new Shelf(server, browser);
  }

  /** A page that shows nothing yet; `prepare` comes before its scripts. */
  async page(
    language: string,
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Page> {
    const page = await this.browser.newPage({ reducedMotion: "reduce", ...options });
    await prepare?.(page);
    const base = this.server.resolvedUrls?.local[0] ?? "";
    await page.goto(`${base}gallery.html?lang=${language}`);
    await page.waitForSelector("html[data-ready]", { state: "attached" });
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }
}

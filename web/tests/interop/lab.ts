/** A real server, the pages, and the accounts of one run. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createServer, type ViteDevServer } from "vite";
import { served } from "../server.js";

export const HERE = import.meta.dirname;
const WEB = path.resolve(HERE, "../..");
export const ROOT = path.resolve(WEB, "..");

/** The program under test. */
function program(): string {
  const found = process.env["CALLING_BIN"] ?? path.join(ROOT, "target/debug/calling");
  if (!existsSync(found)) throw new Error(`there is no ${found}; run \`make interop\``);
  return found;
}

/** Its version. */
export function versionOfCalling(): string {
  return execFileSync(program(), ["--version"], { encoding: "utf8" }).trim().split(" ").at(-1) ?? "";
}

export class Lab {
  /** Where the server's HTTP is, as host and port. */
  readonly http: string;
  /** A folder for recordings, gone at the end. */
  readonly folder: string;
  readonly #server: ChildProcess;
  readonly #vite: ViteDevServer;
  readonly #children: ChildProcess[] = [];

  private constructor(http: string, folder: string, server: ChildProcess, vite: ViteDevServer) {
    this.http = http;
    this.folder = folder;
    this.#server = server;
    this.#vite = vite;
  }

  /** Starts a server; `config` is TOML that it reads besides, `media` its port of media. */
  static async start({ config = "", media = 0 } = {}): Promise<Lab> {
    const folder = mkdtempSync(path.join(tmpdir(), "calling-interop-"));
    const file = path.join(folder, "calling.toml");
    writeFileSync(file, config);
    const data = path.join(folder, "data");
    // Media on all addresses: Firefox leaves loopback out.
    const flags = ["--http", "127.0.0.1:0", "--media", `0.0.0.0:${media}`, "--data", data];
    const args = ["serve", "--config", file, ...flags];
    const server = spawn(program(), args, { stdio: ["ignore", "pipe", "inherit"] });
    const http = await served(server);
    const vite = await createServer({
      root: WEB,
      configFile: false,
      logLevel: "silent",
      cacheDir: path.join(folder, "vite"),
      optimizeDeps: { noDiscovery: true },
      server: {
        host: "127.0.0.1",
        port: 0,
        hmr: false,
        watch: null,
        proxy: { "/v1": { target: `http://${http}`, ws: true } },
      },
    });
    await vite.listen();
    return new Lab(http, folder, server, vite);
  }

  /** The address of the page of a peer. */
  page(query: Record<string, string>): string {
    const address = this.#vite.httpServer?.address();
    if (address === null || typeof address !== "object") throw new Error("no address");
    const search = new URLSearchParams(query).toString();
    return `http://127.0.0.1:${address.port}/tests/interop/page.html?${search}`;
  }

  /** The page that the server shows to people. */
  get site(): string {
    return `http://${this.http}/`;
  }

  userSig(user: string): string {
    const args = ["usersig", "--user", user, "--data", path.join(this.folder, "data")];
    return execFileSync(program(), args, { encoding: "utf8" }).trim();
  }

  /** Makes accounts of those who never sign in. */
  async admit(...users: string[]): Promise<void> {
    const token = readFileSync(path.join(this.folder, "data", "admin.token"), "utf8").trim();
    for (const user_id of users) {
      const said = await fetch(`http://${this.http}/v1/accounts`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ user_id }),
      });
      if (!said.ok) throw new Error(`${said.status}: ${await said.text()}`);
    }
  }

  /** Our own phone without a screen, as `user`: answers one call. */
  phone(user: string, args: readonly string[]): ChildProcess {
    const whose = ["--as", user, "--user-sig", this.userSig(user), "--server", `ws://${this.http}`];
    return this.run(program(), ["answer", "--auto", "--no-ui", "--calls", "1", ...whose, ...args]);
  }

  /** Starts a program that ends with the lab at the latest. */
  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...env },
    });
    this.#children.push(child);
    return child;
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await this.#vite.close();
    const gone = new Promise((done) => this.#server.once("exit", done));
    this.#server.kill("SIGTERM");
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

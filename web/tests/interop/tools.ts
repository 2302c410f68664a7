/** Programs that take part by WHIP and WHEP, each with the formats it has. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { Lab } from "./lab.js";
import { HERE, ROOT } from "./lab.js";
import { hasTone, PEER, samplesOf, saw, type Look } from "./senses.js";

export const CODECS = ["VP8", "VP9", "H264", "AV1"] as const;
export type Codec = (typeof CODECS)[number];

export interface Engine {
  readonly name: string;
  readonly version: () => string;
  /** The program, and what it needs to be told besides. */
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What it cannot do, and why. */
  readonly lacks: Partial<Record<Codec, string>>;
  /** Why it is not here at all, if so. */
  readonly missing: string | undefined;
}

const CACHE = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "calling");
const SCRIPTS = path.join(ROOT, "crates/calling/tests/interop");
const AIORTC = path.join(CACHE, "interop/bin/python");
const WRTC = path.join(CACHE, "interop-wide/bin/python");
const DEBIAN = "/usr/bin/python3";

function says(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: "utf8" }).trim();
}

function versionOf(python: string, name: string): string {
  return says(python, "-c", `import importlib.metadata as it; print(it.version("${name}"))`);
}

function without(file: string, name: string): string | undefined {
  return existsSync(file) ? undefined : `${name} is not installed`;
}

const WERIFT = path.join(HERE, "node_modules/werift/package.json");

export const ENGINES: readonly Engine[] = [
  {
    name: "Python wrtc (libwebrtc M152)",
    version: () => versionOf(WRTC, "wrtc"),
    command: [WRTC, path.join(SCRIPTS, "whip_aiortc.py"), "--engine", "wrtc"],
    env: { WRTC_ALLOW_LOOPBACK: "1" },
    lacks: { H264: "its wheel has no H.264" },
    missing: without(WRTC, "wrtc"),
  },
  {
    name: "aiortc",
    version: () => versionOf(AIORTC, "aiortc"),
    command: [AIORTC, path.join(SCRIPTS, "whip_aiortc.py")],
    lacks: { VP9: "aiortc has no VP9", AV1: "aiortc has no AV1" },
    missing: without(AIORTC, "aiortc"),
  },
  {
    name: "GStreamer webrtcbin",
    version: () => /[\d.]+$/.exec(says("gst-launch-1.0", "--gst-version"))?.[0] ?? "",
    command: [DEBIAN, path.join(SCRIPTS, "whip_gstreamer.py")],
    lacks: { AV1: "Debian's GStreamer has no payloader of AV1" },
    missing: without("/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstwebrtc.so", "GStreamer's webrtcbin"),
  },
  {
    name: "werift (codecs by GStreamer)",
    version: () => (JSON.parse(readFileSync(WERIFT, "utf8")) as { version: string }).version,
    command: ["node", path.join(HERE, "whip_werift.mjs")],
    lacks: { AV1: "Debian's GStreamer has no payloader of AV1" },
    missing: without(WERIFT, "werift"),
  },
];

/** A tool that runs. */
export class Tool {
  readonly #lines: string[] = [];
  readonly #recording: string;
  #ended: string | undefined;
  readonly #kill: () => void;
  readonly #gone: Promise<unknown>;

  private constructor(lab: Lab, engine: Engine, args: readonly string[], recording: string) {
    const [program = "", ...first] = engine.command;
    const [script = "", ...flags] = first;
    const child = lab.run(program, [script, ...args, ...flags], engine.env);
    this.#recording = recording;
    this.#kill = () => void child.kill("SIGTERM");
    this.#gone = new Promise((done) => child.once("exit", done));
    let [rest, complaint] = ["", ""];
    child.stdout?.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      this.#lines.push(...lines);
    });
    child.stderr?.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
    child.once("exit", (code) => {
      const last = complaint.trim().split("\n").at(-1) ?? "";
      this.#ended = `ended with ${String(code)}: ${last}`;
    });
  }

  /** Publishes a tone, and a picture in `codec` if told so. */
  static publish(lab: Lab, engine: Engine, call: string, user: string, codec?: Codec): Tool {
    const args = ["publish", `http://${lab.http}/whip/${call}`, lab.userSig(user), "--tone", String(PEER.hz)];
    return new Tool(lab, engine, codec === undefined ? args : [...args, "--video", "--codec", codec], "");
  }

  /** Receives what `from` sends. */
  static receive(lab: Lab, engine: Engine, call: string, user: string, from: string, codec?: Codec): Tool {
    const recording = path.join(lab.folder, `${user}-${Date.now()}.wav`);
    const url = `http://${lab.http}/whep/${call}?user=${from}`;
    const args = ["receive", url, lab.userSig(user), "--record", recording];
    return new Tool(lab, engine, codec === undefined ? args : [...args, "--video", "--codec", codec], recording);
  }

  /** It decoded the tone of `look`. */
  async hears(look: Look): Promise<void> {
    await this.#until("heard", () => this.#lines.includes("heard"));
    await this.#until(`a tone of ${look.hz} Hz`, () => hasTone(samplesOf(this.#recording), look));
  }

  /** It decoded so many pictures, the last of the colour of `look`. */
  async sees(look: Look, pictures = 10): Promise<void> {
    await this.#until(`${pictures} pictures`, () => this.#lines.includes(`frames ${pictures}`));
    const seen = this.#lines.filter((it) => it.startsWith("sees ")).at(-1) ?? "";
    saw(seen.split(" ").slice(1).map(Number), look);
  }

  /** Waits for `work`, or says that the tool ended before. */
  async beside<T>(work: Promise<T>): Promise<T> {
    const early = this.#gone.then(() => {
      throw new Error(`the tool ${this.#ended ?? "ended"}`);
    });
    return Promise.race([work, early]);
  }

  async end(): Promise<void> {
    this.#kill();
    await Promise.race([this.#gone, new Promise((soon) => setTimeout(soon, 5_000))]);
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    const giveUp = Date.now() + 25_000;
    while (!condition()) {
      if (this.#ended !== undefined) throw new Error(`the tool ${this.#ended}`);
      if (Date.now() > giveUp) throw new Error(`the tool never had ${what}; it said ${this.#lines.slice(-4).join(", ")}`);
      await new Promise((soon) => setTimeout(soon, 50));
    }
  }
}

/** The npm package: what is in it, and that a program of others builds on it with its types alone. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const WEB = path.resolve(import.meta.dirname, "../..");
let folder: string;
/** What is in the package, by path. */
let files: string[];

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "calling-package-"));
  run("npm", ["run", "--silent", "build:sdk"], WEB);
  const told = run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], WEB);
  const [packed] = JSON.parse(told) as { filename: string; files: { path: string }[] }[];
  files = packed!.files.map((it) => it.path);
  // As npm lays it there.
  mkdirSync(path.join(folder, "node_modules/calling-web"), { recursive: true });
  const where = ["-xzf", packed!.filename, "-C", "node_modules/calling-web", "--strip-components=1"];
  run("tar", where, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("it holds the SDK, its types, its sources and its guide, and nothing else", () => {
  for (const file of ["README.md", "dist-sdk/sdk.js", "dist-sdk/types/sdk/index.d.ts", "src/sdk/api.ts"]) {
    expect(files).toContain(file);
  }
  const isExpected = (file: string): boolean => /^(dist-sdk\/|src\/sdk\/|README\.md$|package\.json$|LICENSE)/.test(file);
  expect(files.filter((it) => !isExpected(it))).toEqual([]);
  expect(files.filter((it) => it.includes("test"))).toEqual([]);
});

test("it needs no other package, and no framework is in it", () => {
  const facts = JSON.parse(readFileSync(path.join(folder, "node_modules/calling-web/package.json"), "utf8")) as object;
  expect(facts).not.toHaveProperty("dependencies");
  const code = readFileSync(path.join(folder, "node_modules/calling-web/dist-sdk/sdk.js"), "utf8");
  expect(code).not.toMatch(/^import /m);
  expect(code).not.toMatch(/LitElement|customElements/);
});

test("what its types promise is there, with a word on each method", () => {
  const types = readFileSync(path.join(folder, "node_modules/calling-web/dist-sdk/types/sdk/api.d.ts"), "utf8");
  const bare = types.split("\n").filter((line, at, all) => /^ {4}\w+[<(]/.test(line) && !all[at - 1]!.endsWith("*/"));
  expect(bare).toEqual([]);
  for (const method of ["call", "groupCall", "accept", "reject", "hangup", "inviteUser", "join", "startScreenShare"]) {
    expect(types).toMatch(new RegExp(`^ {4}${method}\\(`, "m"));
  }
});

test("a program in strict TypeScript builds on it, and a wrong one does not", () => {
  const good = `import { Calling, DeviceError, type CallState } from "calling-web";
    const calling = new Calling({ url: "https://calls.example.com", sdkAppId: 1400000000 });
    calling.on("invited", ({ inviter, mediaType }) => console.log(inviter.length, mediaType));
    calling.on("stateChanged", ({ call }) => draw(call));
    export function draw(call: CallState | undefined): string { return call?.phase ?? "idle"; }
    export async function begin(userSig: string): Promise<void> {
      await calling.login({ userId: "alice", userSig });
      await calling.call("bob", "video").catch((it: unknown) => { if (!(it instanceof DeviceError)) throw it; });
    }\n`;
  writeFileSync(path.join(folder, "good.ts"), good);
  writeFileSync(path.join(folder, "wrong.ts"), good.replace(`"video"`, `"pictures"`));
  const flags = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"];
  const args = [...flags, "--skipLibCheck", "false", "good.ts", "wrong.ts"];
  const { status, stdout } = spawnSync(path.join(WEB, "node_modules/.bin/tsc"), args, { cwd: folder, encoding: "utf8" });
  expect(status).not.toBe(0);
  expect(stdout.match(/^\S.*error.*$/gm)).toEqual([expect.stringMatching(/^wrong\.ts.*TS2345/)]);
});

test("Node loads it without a browser", () => {
  const program = `import { Calling, ErrorCode } from "calling-web"; console.log(typeof Calling, typeof ErrorCode);`;
  writeFileSync(path.join(folder, "program.mjs"), program);
  expect(run(process.execPath, ["program.mjs"], folder).trim()).toBe("function object");
});

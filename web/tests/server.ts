/** The program under test, and where it listens: for all that start a real server. */
import type { ChildProcess } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";

const TARGET = path.resolve(import.meta.dirname, "../../target");

/** `CALLING_BIN`, or the newest program that was built here. */
export function program(): string {
  const told = process.env["CALLING_BIN"];
  if (told !== undefined) return told;
  const [newest] = ["debug", "release"]
    .map((it) => path.join(TARGET, it, "calling"))
    .filter((it) => existsSync(it))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (newest === undefined) {
    throw new Error("build the server first (cargo build -p calling-cli), or set CALLING_BIN");
  }
  return newest;
}

/** Where the server says that it listens, as host and port. */
export function served(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const found = / serves \S*?:\/\/([\d.:]+)\//.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    server.once("exit", (code) => reject(new Error(`the server ended with ${String(code)}: ${said}`)));
  });
}

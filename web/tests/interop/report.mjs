/** Prints what the runs left in target/interop as tables, and writes them into docs/interop.md. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const DOCUMENT = path.join(ROOT, "docs/interop.md");
const [BEGIN, END] = ["<!-- table: begin -->", "<!-- table: end -->"];

/** Each run, its heading, and what its rows are named by. */
const RUNS = [
  ["table", "Codecs, both ways", ["Peer", "Version", "Which way"]],
  ["turn", "Through coturn", ["Peer", "Version", "Which way"]],
  ["site", "The page at /, by clicks", ["Who", "Version", "Side"]],
  ["loss", "With 5 % loss", ["Peer", "Version", "Which way"]],
];

/** In this order; what is not named here follows as it came. */
const ORDER = ["Opus", "VP8", "VP9", "H264", "AV1", "voice", "video", "picture"];
const PEERS = ["Chromium", "Firefox", "Rust client"];

function place(list, it) {
  const at = list.findIndex((known) => it.startsWith(known));
  return at < 0 ? list.length : at;
}

/** A table in Markdown; the reasons of cells that are no tick follow as notes. */
function table(unsorted, head) {
  const whole = new Set(unsorted.flatMap(({ cells }) => Object.keys(cells)));
  const columns = [...whole].sort((one, other) => place(ORDER, one) - place(ORDER, other));
  // Of a peer what it sends stands first, of a call the caller.
  const [peer, way] = [({ row }) => row.split(" | ")[0], ({ row }) => row.split(" | ")[2]];
  const peers = [...new Set(unsorted.map(peer))].sort((one, other) => place(PEERS, one) - place(PEERS, other));
  const rank = (it) => (way(it).startsWith("receives") || way(it).startsWith("callee") ? 1 : 0);
  const rows = [...unsorted].sort(
    (one, other) => peers.indexOf(peer(one)) - peers.indexOf(peer(other)) || rank(one) - rank(other),
  );
  const notes = [];
  const text = ({ is, note } = { is: "–", note: "not run" }) => {
    if (is === "✓") return note === undefined ? is : `${is} ${note}`;
    if (!notes.includes(note)) notes.push(note);
    return `${is} <sup>${notes.indexOf(note) + 1}</sup>`;
  };
  const lines = rows.map(({ row, cells }) => [...row.split(" | "), ...columns.map((it) => text(cells[it]))]);
  const all = [[...head, ...columns], [...head, ...columns].map(() => "---"), ...lines];
  const list = notes.map((it, at) => `${at + 1}. ${it.replaceAll("|", "\\|")}`);
  return [...all.map((it) => `| ${it.join(" | ")} |`), "", ...list].join("\n").trimEnd();
}

const parts = [];
let crosses = 0;
for (const [name, heading, head] of RUNS) {
  const file = path.join(ROOT, "target/interop", `${name}.json`);
  if (!existsSync(file)) {
    const reason = path.join(ROOT, "target/interop", `${name}.txt`);
    const told = existsSync(reason) ? readFileSync(reason, "utf8").trim().split("\n").at(-1) : "";
    const why = told || "it gave no result";
    parts.push(`### ${heading}\n\nNot run: ${why}.`);
    continue;
  }
  const rows = JSON.parse(readFileSync(file, "utf8"));
  crosses += rows.flatMap(({ cells }) => Object.values(cells)).filter(({ is }) => is === "✗").length;
  parts.push(`### ${heading}\n\n${table(rows, head)}`);
}
const tables = parts.join("\n\n");
process.stdout.write(`${tables}\n`);
const document = readFileSync(DOCUMENT, "utf8");
const [before, after] = [document.indexOf(BEGIN), document.indexOf(END)];
if (before < 0 || after < before) throw new Error(`${DOCUMENT} has no place for the tables`);
const written = `${document.slice(0, before)}${BEGIN}\n\n${tables}\n\n${document.slice(after)}`;
writeFileSync(DOCUMENT, written);
process.exitCode = crosses > 0 ? 1 : 0;

/** What came of a run: cells of tables, kept as JSON for report.mjs. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "./lab.js";

/** It worked (and a figure, maybe); it did not, and why; or it was not tried, and why. */
type Cell = { is: "✓"; note?: string } | { is: "✗" | "–"; note: string };

export class Sheet {
  readonly #name: string;
  readonly #rows = new Map<string, Record<string, Cell>>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Runs a cell: a tick if `doing` comes to its end (its text, if any, beside it), else a cross and the error. */
  async cell(row: string, column: string, doing: () => Promise<unknown>): Promise<void> {
    try {
      const note = await doing();
      this.#set(row, column, { is: "✓", ...(typeof note === "string" && { note }) });
    } catch (error) {
      this.fail(row, column, error);
      throw error;
    }
  }

  /** Nothing came of a cell, unless that is known already. */
  fail(row: string, column: string, error: unknown): void {
    if (this.#rows.get(row)?.[column] !== undefined) return;
    const [first = ""] = String(error instanceof Error ? error.message : error).split("\n");
    this.#set(row, column, { is: "✗", note: first.slice(0, 200) });
  }

  /** A cell that was not tried. */
  skip(row: string, column: string, why: string): void {
    this.#set(row, column, { is: "–", note: why });
  }

  save(): void {
    const folder = path.join(ROOT, "target/interop");
    mkdirSync(folder, { recursive: true });
    const rows = [...this.#rows].map(([row, cells]) => ({ row, cells }));
    writeFileSync(path.join(folder, `${this.#name}.json`), JSON.stringify(rows, null, 1));
  }

  #set(row: string, column: string, cell: Cell): void {
    const cells = this.#rows.get(row) ?? {};
    cells[column] = cell;
    this.#rows.set(row, cells);
  }
}

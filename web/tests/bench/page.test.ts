/** What the page weighs, and how soon it shows something. */
import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Site } from "../e2e/ui/site.js";

const DIST = path.resolve(import.meta.dirname, "../../dist");
const VISITS = Number(process.env["VISITS"] ?? 20);
/** Agreed on for the whole of it, in bytes. */
const MOST_BYTES = 150_000;

test("the weight of the bundle", () => {
  const scripts = readdirSync(DIST, { recursive: true, encoding: "utf8" }).filter((it) => /\.(js|css|html)$/.test(it));
  const gzip = Object.fromEntries(
    scripts.map((it) => [it.replace(/-[\w-]{8}\./, "."), gzipSync(readFileSync(path.join(DIST, it)), { level: 9 }).length]),
  );
  const total = Object.values(gzip).reduce((sum, it) => sum + it, 0);
  process.stdout.write(`${JSON.stringify({ gzipBytes: gzip, total }, null, 2)}\n`);
  expect(total).toBeLessThanOrEqual(MOST_BYTES);
});

test("the first paint of the demo on loopback", async () => {
  const site = await Site.start();
  const times: number[] = [];
  for (let visit = 0; visit < VISITS; visit += 1) {
    const page = await site.visit();
    await page.waitForSelector("[data-account=alice]");
    const paint = await page.waitForFunction(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    );
    times.push((await paint.jsonValue()) ?? NaN);
    await site.clear();
  }
  await site.stop();
  times.sort((one, other) => one - other);
  const at = (part: number): number => Math.round(times[Math.floor((times.length - 1) * part)] ?? NaN);
  const load = Math.round(loadavg()[0] ?? 0);
  const figure = { firstContentfulPaint: { visits: times.length, p50Ms: at(0.5), p90Ms: at(0.9), load } };
  process.stdout.write(`${JSON.stringify(figure, null, 2)}\n`);
  expect(times).toHaveLength(VISITS);
});

import { defineConfig } from "vitest/config";

/** A real server and a real browser; one after the other, since each wants the machine. */
export default defineConfig({
  test: {
    include: ["tests/e2e/**/*.test.ts"],
    fileParallelism: false,
    // Of tests that say they may run beside others.
    maxConcurrency: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

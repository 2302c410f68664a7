import { defineConfig } from "vitest/config";

/** Real servers and real browsers, two at a time: much of it is waiting for sound and pictures. */
export default defineConfig({
  test: {
    include: ["tests/e2e/**/*.test.ts"],
    maxWorkers: 2,
    // Of tests that say they may run beside others.
    maxConcurrency: 2,
    testTimeout: 120_000,
    hookTimeout: 90_000,
  },
});

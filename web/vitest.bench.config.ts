import { defineConfig } from "vitest/config";

/** Figures: `npm run bench` prints them as JSON. The machine should have nothing else to do. */
export default defineConfig({
  test: {
    include: ["tests/bench/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
    reporters: ["dot"],
  },
});

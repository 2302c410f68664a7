import { defineConfig } from "vitest/config";

/** The interop table: one peer after the other, none of which stops the rest. */
export default defineConfig({
  test: {
    include: ["tests/interop/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});

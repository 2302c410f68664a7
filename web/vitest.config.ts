import { defineConfig } from "vitest/config";

export default defineConfig({
  // Virtual time: what is slow here is the machine.
  test: { include: ["tests/unit/**/*.test.ts"], testTimeout: 30_000 },
});

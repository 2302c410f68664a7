import { defineConfig } from "vite";

/** The npm package: the SDK as one ES module; `tsc -p tsconfig.sdk.json` adds its types. */
export default defineConfig({
  build: {
    target: "es2022",
    outDir: "dist-sdk",
    sourcemap: true,
    minify: false,
    lib: { entry: { sdk: "src/sdk/index.ts" }, formats: ["es"] },
  },
});

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Files smaller than this gain nothing by being packed. */
const WORTH_PACKING = 1_024;

/** Lays a gzip copy beside each text; the server sends it to whoever can unpack it. */
function packed(): Plugin {
  return {
    name: "packed",
    writeBundle({ dir = "dist" }) {
      for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
        const file = path.join(dir, name);
        if (!/\.(html|js|css|svg|json)$/.test(name) || statSync(file).size < WORTH_PACKING) continue;
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

/** The page that the server serves at `/`. */
export default defineConfig({
  plugins: [packed()],
  server: {
    // The texts of call records are the crate's own files.
    fs: { allow: [".."] },
    // `npm run dev` beside a running server: pages from here, calls from there.
    proxy: { "/v1": { target: "http://127.0.0.1:8080", ws: true } },
  },
  build: {
    target: "es2022",
    // Everything is a file of its own: the page's policy allows no inline or data: script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // Beside the page: the components for pages of others, under a name that stays.
      input: { index: "index.html", calling: "src/ui/index.ts" },
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: ({ name }) =>
          name === "calling" ? "calling.js" : "assets/[name]-[hash].js",
      },
    },
  },
});

import { defineConfig } from "vite";

/** The page that the server serves at `/`. */
export default defineConfig({
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
    rollupOptions: {
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

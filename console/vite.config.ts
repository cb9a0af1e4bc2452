import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../dist/console",
    emptyOutDir: true,
    target: "es2023",
    // The server's policy lets nothing in but files of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npx vite console` beside a server at its usual port.
  server: { proxy: { "/v1": "http://127.0.0.1:2763" } },
});

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import LongestFirst from "./scripts/longest-first.ts";

const FUNCTIONS = ["src/core/**/*.test.ts", "src/stages/**/*.test.ts"];

export default defineConfig({
  resolve: {
    // Tests that load an example or a configuration get the same module instances as those that import src/.
    alias: [
      { find: /^asof$/, replacement: fileURLToPath(new URL("./src/index.ts", import.meta.url)) },
      {
        find: /^asof\/client$/,
        replacement: fileURLToPath(new URL("./src/surfaces/client/index.ts", import.meta.url)),
      },
    ],
  },
  test: {
    projects: [
      // Of functions, for the most part: what one leaves behind in its process is nothing to another.
      { extends: true, test: { name: "functions", include: FUNCTIONS, isolate: false } },
      {
        extends: true,
        test: {
          name: "rest",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: FUNCTIONS,
          globalSetup: ["test/compile-cache.ts"],
          typecheck: {
            enabled: true,
            include: ["test/types/**/*.test-d.ts"],
            tsconfig: "./tsconfig.json",
            // Types elsewhere are the business of `npm run check`.
            ignoreSourceErrors: true,
          },
        },
      },
    ],
    setupFiles: ["test/setup.ts"],
    reporters: ["default", "./scripts/summary-reporter.ts"],
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: { include: ["src/**/*.ts"], exclude: ["src/**/*.test.ts"] },
  },
});

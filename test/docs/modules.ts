import * as asof from "../../src/index.ts";
import type { Block } from "./pages.ts";

/** What a page's blocks take for granted. */
const TAKEN: Readonly<Record<string, string>> = {
  "docs/models.md": 'import { payments, riskFeatures } from "./shop.ts";',
};

/** The block as a module: with the imports that a reader would add, and what the page takes for granted. */
export function moduleOf({ page, text }: Block, store = 'declare const store: import("asof").Store;'): string {
  // Some features of a view are shown without the view.
  const whole = /^\w+: /.test(text) ? `export default {\n${text}};` : text;
  const missing = Object.keys(asof).filter(
    (name) =>
      new RegExp(`(?<![.\\w"])${name}\\(`).test(whole) && !new RegExp(`import [^;]*\\b${name}\\b[^;]*;`).test(whole),
  );
  return [
    TAKEN[page] ?? "",
    missing.length > 0 ? `import { ${missing.join(", ")} } from "asof";` : "",
    /\bstore\b/.test(whole) && !/const store\b/.test(whole) ? store : "",
    /\bdefinitions,/.test(whole) && !/as definitions\b/.test(whole)
      ? 'import * as definitions from "./definitions.ts";'
      : "",
    whole,
    "export {};",
  ].join("\n");
}

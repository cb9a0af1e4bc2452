import { readFileSync } from "node:fs";

/** The version of the package. */
export function version(): string {
  // The package's own, from src/surfaces/cli as from dist/surfaces/cli.
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

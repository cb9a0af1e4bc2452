import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Node keeps what it compiled for the processes that tests start, some of which take longer to start than to run. */
export default function compileCache(): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), "asof-compiled-"));
  process.env["NODE_COMPILE_CACHE"] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

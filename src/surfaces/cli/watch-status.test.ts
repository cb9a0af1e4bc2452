import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { asof } from "../../../test/cli/captured-io.ts";
import { entity, eventSource, open, t } from "../../index.ts";

const user = entity("user", { user: t.string() });
const clicks = eventSource("clicks", { fields: { at: t.timestamp(), user: t.string() }, eventTime: "at" });

test("status --watch goes on beside the writer until it is stopped, and shows what has come since", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "asof-watch-test-"));
  const index = new URL("../../index.ts", import.meta.url).href;
  writeFileSync(
    path.join(folder, "asof.config.ts"),
    `import { configure, entity, eventSource, t } from ${JSON.stringify(index)};
     const user = entity("user", { user: t.string() });
     const clicks = eventSource("clicks", { fields: { at: t.timestamp(), user: t.string() }, eventTime: "at" });
     export default configure({ definitions: { user, clicks }, home: ".asof" });\n`,
  );
  const store = await open({ definitions: { user, clicks }, home: path.join(folder, ".asof") });
  const stop = new AbortController();
  try {
    await store.apply();
    const around = { cwd: folder, signal: stop.signal };
    let [lines, screen] = ["", ""];
    const watching = asof(["status", "--watch", "--every", "1", "--json"], {
      ...around,
      heard: (text) => (lines += text),
    });
    const looking = asof(["status", "--watch", "--every", "1"], {
      ...around,
      terminal: true,
      heard: (text) => (screen += text),
    });
    await expect.poll(() => lines, { timeout: 30_000 }).toContain("\n");
    await store.ingest("clicks", [{ at: Date.now() * 1000, user: "ann" }]);
    await expect.poll(() => lines, { timeout: 30_000 }).toMatch(/"log":\{"start":0,"end":1,/);
    await expect.poll(() => screen, { timeout: 30_000 }).toMatch(/\[H[^]*\[H[^]*records\/s into the log/);
    stop.abort();
    expect(await watching).toMatchObject({ code: 0, err: "" });
    expect(await looking).toMatchObject({ code: 0, err: "" });
    const told = lines
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { log: { end: number } }).log.end);
    expect(told[0]).toBe(0);
    expect(told.at(-1)).toBe(1);
  } finally {
    stop.abort();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each(["0", "1.5", "soon", "3601"])("--every %s is refused", async (every) => {
  const { code, err } = await asof(["status", "--watch", "--every", every]);
  expect({ code, refused: err.includes("ASOF_USAGE") }).toEqual({ code: 1, refused: true });
});

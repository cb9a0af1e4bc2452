import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventSource, open, t } from "../../src/index.ts";
import type { TableOptions } from "../../src/core/result/store.ts";
import { queryRows } from "../../bench/query-rows.ts";

/** Rows with a number each, and no id: nothing but the load itself says whether a row has come before. */
export const rows = eventSource("rows", {
  fields: { n: t.int64(), at: t.timestamp() },
  eventTime: "at",
  availableAt: "at",
});

export type Asked = { readonly files: readonly string[] } | { readonly table: TableOptions };

/** When a process is killed: so long after it is ready, or at once when it says this. */
export type Moment = number | "committed" | "told";

/** Loads in a process of its own, which is killed. Resolves to the last it said. */
export async function killedLoad(home: string, asked: Asked, moment: Moment): Promise<string> {
  const script = fileURLToPath(new URL("./load-child.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, home, JSON.stringify(asked)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  let said = "";
  const reached = new Promise<void>((resolve) => {
    createInterface(child.stdout!).on("line", (word) => {
      said = word;
      if (word === moment || word === "told") resolve();
      if (word === "ready" && typeof moment === "number") void sleep(moment).then(resolve);
    });
  });
  await Promise.race([reached, ended]);
  child.kill("SIGKILL");
  await ended;
  return said;
}

/** Loads once more, in this process; resolves to how many rows there are then, how many different ones, and stray files. */
export async function loadAgain(
  home: string,
  asked: Asked,
): Promise<{ all: bigint; different: bigint; orphans: number }> {
  const store = await open({ home, definitions: { rows } });
  try {
    if ("files" in asked) await store.load("rows", asked.files, { onlyNew: true });
    else await store.loadTable("rows", asked.table);
    const listed = (await store.status()).offline.sources.find(({ name }) => name === "rows")!;
    const [found] = await queryRows(
      `SELECT count(*) AS a, count(DISTINCT n) AS d, count(DISTINCT filename) AS f
       FROM read_parquet('${home}/offline/rows/*/*.parquet', hive_partitioning = false, filename = true)`,
    );
    const [all, different] = [found["a"] as bigint, found["d"] as bigint];
    return { all, different, orphans: Number(found["f"]) - listed.files };
  } finally {
    await store.close();
  }
}

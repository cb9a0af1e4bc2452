import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { errorTable, type ErrorCode } from "../../../src/core/errors.ts";
import { eventSource, open, t } from "../../../src/index.ts";
import type { OpenTarget, Sample, Syntax, Target } from "../target.ts";
import { goldenFiles } from "./golden-sample.ts";

const source = eventSource("payments", {
  fields: {
    at: t.timestamp(),
    customer: t.string(),
    zone: t.nullable(t.string()),
    number: t.int32(),
    amount: t.float64(),
    cents: t.int64(),
    points: t.nullable(t.int32()),
    refund: t.boolean(),
  },
  eventTime: "at",
});

const rows = [0, 1, 2].map((i) => ({
  at: `2026-03-0${i + 1}T00:00:00.00000${i}Z`,
  customer: `é-${i}`,
  zone: i === 1 ? null : "eu",
  number: i,
  amount: i / 3,
  cents: 2 ** 40 + i,
  points: null,
  refund: i === 2,
}));

/** What a file that users bring may be refused with: never a fault of ours. */
const REFUSED = (Object.keys(errorTable) as ErrorCode[]).filter((code) => errorTable[code].status < 500);

/** Files of a format through a load: all of it or nothing, whatever the file holds. */
function loadTarget(name: string, syntax: Syntax, ending: string, samples: () => Promise<readonly Sample[]>): Target {
  return {
    name,
    syntax,
    refusals: REFUSED,
    batch: 20,
    weight: 0.02,
    open: async (): Promise<OpenTarget> => {
      const folder = await mkdtemp(path.join(tmpdir(), "asof-fuzz-load-"));
      const store = await open({
        definitions: { source },
        home: path.join(folder, "home"),
        clock: { simulated: Date.UTC(2026, 5, 1) * 1000 },
        memory: "256MB",
      });
      await store.apply();
      let number = 0;
      return {
        samples: await samples(),
        async read(bytes) {
          const file = path.join(folder, `${number++}.${ending}`);
          await writeFile(file, bytes);
          const held = (await store.status()).offline.sources[0]?.rows ?? 0;
          const [outcome] = await Promise.allSettled([store.load("payments", [file])]);
          const loaded = outcome.status === "fulfilled" ? outcome.value.rows : 0;
          const { rows } = (await store.status()).offline.sources[0] ?? { rows: 0 };
          if (rows !== held + loaded) throw new Error(`${held} rows became ${rows} by a load of ${loaded}`);
          if ((await readdir(path.join(folder, "home", "staging")).catch(() => [])).length > 0)
            throw new Error("a load left files behind");
          await rm(file);
          if (outcome.status === "rejected") throw outcome.reason;
        },
        close: async () => {
          await store.close();
          await rm(folder, { recursive: true });
        },
      };
    },
  };
}

const text = (name: string, content: string): Sample => ({ name, bytes: new Uint8Array(Buffer.from(content)) });
const csv = `${Object.keys(rows[0]).join(",")}\n${rows.map((row) => Object.values(row).join(",")).join("\n")}\n`;

export const loadTargets: readonly Target[] = [
  loadTarget("parquet-files", "binary", "parquet", () => goldenFiles("home/v1", /offline\/payments.*load.*\.parquet$/)),
  loadTarget("ndjson-files", "ndjson", "ndjson", async () => [
    text("rows", rows.map((row) => `${JSON.stringify(row)}\n`).join("")),
  ]),
  loadTarget("csv-files", "binary", "csv", async () => [text("rows", csv)]),
];

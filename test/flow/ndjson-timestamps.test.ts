import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { open } from "asof";
import { expect, test } from "vitest";
import * as clicks from "./clicks.ts";

test.each([
  { name: "on both sides of 1970", times: [[-1_500_000, -1], [993_340_800_000_000]] },
  { name: "of one file", times: [[-1, 0, 993_340_800_000_000]] },
  { name: "0 in one of the files", times: [[0], [-993_340_800_000_000], [1]] },
])("whole microseconds $name, in NDJSON, are timestamps", async ({ times }) => {
  const folder = await mkdtemp(path.join(tmpdir(), "asof-ndjson-"));
  const store = await open({
    home: path.join(folder, "home"),
    definitions: { ...clicks },
    clock: { simulated: 993_340_900_000_000 },
  });
  try {
    await store.apply();
    const files = times.map((_, i) => path.join(folder, `${i}.ndjson`));
    for (const [i, file] of files.entries())
      await writeFile(file, times[i].map((at) => `{"at":${at},"user":"ann","n":1,"seconds":0.5}\n`).join(""));
    const outcome = await store.load("clicks", files);
    expect(outcome).toMatchObject({
      rows: times.flat().length,
      minEvent: Math.min(...times.flat()),
      maxEvent: Math.max(...times.flat()),
    });
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
});

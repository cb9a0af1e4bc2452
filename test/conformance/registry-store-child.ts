import { writeSync } from "node:fs";
import type { RegistryStore } from "../../src/ports/registry-store.ts";
import { definitionOf, fileOf, modelOf } from "./registry-store-samples.ts";
import type { RegistryStoreUnderTest } from "./registry-store-under-test.ts";

// One of several processes that use a registry at once. What it has to tell it tells a line at a time, as JSON.

export interface Applied {
  readonly round: number;
  readonly outcome: string;
}

const tell = (line: unknown): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

const tasks: Record<string, (registry: RegistryStore, who: string, count: number) => Promise<void>> = {
  /** Applies a set of its own in each round, expecting the revision of the round; a round ends when any has won. */
  async apply(registry, who, rounds) {
    for (let round = 0; round < rounds; round++) {
      while ((await registry.revision()).revision < round) await new Promise(setImmediate);
      const outcome = await registry.apply(round, [definitionOf(`${who} in ${round}`)], round).then(
        () => "won",
        (error: Error & { code?: string }) => error.code ?? error.message,
      );
      tell({ round, outcome } satisfies Applied);
    }
  },

  async write(registry, who, count) {
    for (let i = 0; i < count; i++)
      if (i % 3 === 0) await registry.addModel(modelOf("delay", `${who} ${i}`));
      else if (i % 3 === 1) await registry.setNote(`${who} ${i}`, String(i));
      else await registry.startRun({ kind: "load", target: `${who} ${i}`, startedAt: i, location: "" });
    tell("done");
  },

  /** Replaces the whole list of files by a greater generation of it, for ever. */
  async files(registry, _who, first) {
    for (let n = first; ; n++) {
      const old = await registry.files();
      await registry.changeFiles({
        add: Array.from({ length: 20 }, (_, i) => fileOf(`${n}/${i}`, { rows: n })),
        remove: old.map(({ path }) => path),
        archived: n,
        applied: n,
      });
      tell(n);
    }
  },

  /** Starts a run and lives until its input ends. */
  async run(registry) {
    tell(await registry.startRun({ kind: "load", target: "flights", startedAt: 1, location: "offline store" }));
    for await (const _ of process.stdin);
  },
};

if (process.argv[1] === import.meta.filename) {
  const [moduleUrl, place, task, who, count] = process.argv.slice(2);
  const { subject } = (await import(moduleUrl)) as { subject: RegistryStoreUnderTest };
  const registry = await subject.open(place);
  await tasks[task](registry, who, Number(count));
  await registry.close();
}

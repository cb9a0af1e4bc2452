import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { decodeJobNotes } from "../../../src/core/codec/job-notes.ts";
import { decodeManifest } from "../../../src/core/codec/backup-manifest.ts";
import { ByteReader } from "../../../src/core/codec/bytes.ts";
import {
  decodeForgetting,
  decodeForgotten,
  decodeForgottenHere,
  decodeKeyValues,
  keyHasher,
} from "../../../src/core/codec/forgotten-keys.ts";
import { decodeDropped } from "../../../src/core/codec/dropped-history.ts";
import { decodeLoad } from "../../../src/core/codec/load-entry.ts";
import { decodeViews } from "../../../src/core/codec/online-meta.ts";
import { StreamSchemas } from "../../../src/core/codec/stream-schemas.ts";
import { catalogOf, fingerprintOf } from "../../../src/core/definition/catalog.ts";
import type { Definition } from "../../../src/core/definition/data.ts";
import { sourceStream } from "../../../src/core/definition/stream.ts";
import { storedDefinition } from "../../../src/core/definition/stored-definition.ts";
import type { ErrorCode } from "../../../src/core/errors.ts";
import {
  summariesFromJson,
  type TrainingNote,
  trainingNoteShape,
} from "../../../src/core/metrics/feature-summaries.ts";
import { decodeStoredJson } from "../../../src/core/codec/stored-json.ts";
import { identifiedSources } from "../../../src/core/definition/identified-sources.ts";
import { columnsOf, formatExpression } from "../../../src/core/expression/tree.ts";
import { t } from "../../../src/core/schema/data-type.ts";
import type { Sample, Target } from "../target.ts";
import { STORED } from "../target.ts";
import { goldenFiles, goldenSamples } from "./golden-sample.ts";

function jsonTarget(
  name: string,
  samples: () => Promise<readonly Sample[]>,
  read: (bytes: Uint8Array, sample: Sample) => unknown,
  refusals: readonly ErrorCode[] = STORED,
): Target {
  return {
    name,
    syntax: "json",
    refusals,
    batch: 2_000,
    weight: 2,
    open: async () => ({ samples: await samples(), read }),
  };
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

const loads = jsonTarget(
  "log-loads",
  async () => [...(await goldenSamples("load-entry")), ...(await goldenSamples("load-entry-notes"))],
  (bytes) => {
    const { stream, files, request, notes } = decodeLoad(bytes);
    void [stream.length, request?.key.length, ...Object.values(notes ?? {}).map((note) => note.length)];
    for (const { path, rows, minEvent, maxAvailable } of files)
      if (path.length < 0 || ![rows, minEvent, maxAvailable].every(Number.isSafeInteger)) throw new Error("no file");
  },
);

const views = jsonTarget(
  "online-views",
  () => goldenSamples("online-views"),
  (bytes) => {
    const { views, building } = decodeViews(bytes);
    for (const { state, fingerprint } of [...views, ...building])
      if (!(state >= 0 && fingerprint.length >= 0)) throw new Error("no view");
  },
);

const entity = { kind: "entity", name: "entity", keys: { zone: t.string(), number: t.int64() } } as const;

const forgotten = jsonTarget(
  "forgotten-list",
  () => goldenSamples("forgotten-list"),
  (bytes) => {
    const { secret, keys } = decodeForgotten(bytes);
    keyHasher(entity, secret)({ zone: "eu", number: 1n });
    for (const { hash, at } of keys) if (hash.length < 0 || !Number.isSafeInteger(at)) throw new Error("no key");
  },
);

const forgottenHere = jsonTarget(
  "forgotten-note",
  () => goldenSamples("forgotten-note"),
  (bytes) => {
    for (const { sources, until } of decodeForgottenHere(textOf(bytes)))
      if (sources.some((source) => source.length < 0) || !Number.isSafeInteger(until)) throw new Error("no key");
  },
);

const dropped = jsonTarget(
  "dropped-note",
  () => goldenSamples("dropped-note"),
  (bytes) => {
    for (const { horizon, rows } of Object.values(decodeDropped(textOf(bytes))))
      if (!Number.isSafeInteger(horizon + 0) || rows < 0) throw new Error("no horizon");
  },
);

const forgetting = jsonTarget(
  "forgetting-note",
  () => goldenSamples("forgetting-note"),
  (bytes) => {
    const found = decodeForgetting(textOf(bytes));
    if (found !== null && found.values !== null) decodeKeyValues(["zone", "number"], found.values);
  },
);

const manifest = jsonTarget("backup-manifest", () => goldenSamples("backup-manifest"), decodeManifest);

const schedule = jsonTarget(
  "schedule",
  () => goldenSamples("schedule"),
  (bytes) => {
    for (const { turn, counts, last } of Object.values(decodeJobNotes(bytes)))
      if (!Number.isSafeInteger(turn) || counts.skipped < 0 || (last !== null && last.state.length === 0))
        throw new Error("no job");
  },
);

const schemas = jsonTarget(
  "stream-schemas",
  () => goldenSamples("stream-schemas"),
  (bytes) => {
    const schemas = new StreamSchemas();
    schemas.restore(textOf(bytes));
    for (const schema of Object.keys(schemas.toJSON())) {
      const codec = schemas.codecOf(schema);
      try {
        codec.decode(new ByteReader(new Uint8Array(64)));
      } catch (error) {
        if ((error as { code?: unknown }).code !== "ASOF_CORRUPT") throw error;
      }
    }
  },
);

/** Every definition that golden registries hold. */
async function definitionSamples(): Promise<Sample[]> {
  const files = [...(await goldenFiles("home", /registry\.sqlite$/)), ...(await goldenFiles("registry", /\.sqlite$/))];
  const found = new Map<string, Sample>();
  const folder = await mkdtemp(path.join(tmpdir(), "asof-fuzz-"));
  for (const [i, { bytes }] of files.entries()) {
    const file = path.join(folder, `${i}.sqlite`);
    await writeFile(file, bytes);
    const database = new DatabaseSync(file);
    const rows = database.prepare("select name, json from definition").all() as { name: string; json: string }[];
    for (const { name, json } of rows) found.set(json, { name, bytes: new Uint8Array(Buffer.from(json)) });
    database.close();
  }
  await rm(folder, { recursive: true });
  return [...found.values()];
}

const definitions: Target = {
  ...jsonTarget("definitions", definitionSamples, () => {}, [...STORED, "ASOF_DEFINITION"]),
  open: async () => {
    const samples = await definitionSamples();
    const whole = samples.map(({ name, bytes }) => storedDefinition(textOf(bytes), name));
    return {
      samples,
      read(bytes, { name }) {
        const definition: Definition = storedDefinition(textOf(bytes), name);
        if (definition.kind === "source") {
          sourceStream(definition);
          identifiedSources([definition]);
          void [columnsOf(definition.eventTime), formatExpression(definition.eventTime)];
        }
        // A whole definition may refer to what is not there, or take the name of another.
        const others = new Map(whole.map((one) => [one.name, one]));
        const catalog = catalogOf([...others.set(name, definition).values()].map((one) => ({ definition: one })));
        for (const one of catalog.all) fingerprintOf(catalog, one);
      },
    };
  },
};

const summary = { kind: "numbers", sketch: "AwQBBgICAQ==", nulls: 3 };
const categories = { kind: "categories", counts: [["a-1", 3]], others: 0, nulls: 1 };
const training = { format: 1, features: { x: summary, colour: categories } };

const trainingNotes = jsonTarget(
  "training-notes",
  async () => [{ name: "training", bytes: new Uint8Array(Buffer.from(JSON.stringify(training))) }],
  (bytes) => {
    const note = decodeStoredJson(bytes, "a note", 1, trainingNoteShape) as TrainingNote;
    summariesFromJson(note.features);
  },
);

export const storedJsonTargets: readonly Target[] = [
  loads,
  views,
  forgotten,
  forgottenHere,
  dropped,
  forgetting,
  manifest,
  schedule,
  schemas,
  definitions,
  trainingNotes,
];

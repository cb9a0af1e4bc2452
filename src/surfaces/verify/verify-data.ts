import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Configuration } from "../../configuration.ts";
import { AsofError } from "../../core/errors.ts";
import { interpret } from "../../core/oracle/expression-interpreter.ts";
import type { LoadedRecord } from "../../core/oracle/key-history.ts";
import { answerableFrom, type Horizons } from "../../core/plan/answerable-from.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import type { Progress } from "../../core/result/progress.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import { open, openEngine } from "../../open.ts";
import type { Store } from "../../store.ts";
import { Comparison, placeOf } from "./compare.ts";
import { compareAnswers } from "./compare-answers.ts";
import { momentOf, requestOf, sampleOf, type SampledRequest, sinceOf } from "./data-sample.ts";
import { compareDataset } from "./dataset.ts";
import { Expected } from "./expected.ts";
import { Random } from "./random.ts";
import { type Difference, writeCase } from "./steps.ts";
import { definitionsOf, type Subject, subjectOf } from "./subject.ts";
import { type Engine, MOMENT, writeSpine } from "./write-rows.ts";

export interface VerifyDataOptions {
  readonly configuration: Configuration;
  readonly seed: number;
  /** How many samples of each service at the most. */
  readonly runs: number;
  readonly minutes: number;
  /** The folder that what differs is saved in. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface VerifyDataOutcome {
  readonly seed: number;
  readonly runs: number;
  /** Records of the store that values were computed from anew. */
  readonly records: number;
  readonly compared: number;
  readonly different: number;
  readonly seconds: number;
  /** Services that are not in the online store: their live answers were not compared. */
  readonly notServed: readonly string[];
  readonly failure: DataFailure | null;
}

export interface DataFailure {
  readonly run: number;
  readonly difference: Difference;
  /** How many records the key has. */
  readonly records: number;
  /** Where they are saved, with the difference. */
  readonly file: string;
}

/** Requests of one sample, and moments of each in a training set. */
const REQUESTS = 24;
const MOMENTS = 60;
/** Above so many records of a sample its keys are asked about in smaller numbers. */
const RECORDS = 400_000;

/**
 * Samples keys and moments of the user's own stores, and compares what is served, read as of the past and written into
 * training sets with a naive oracle over the records of those keys. The stores are only read, also while another process
 * writes to them.
 */
export async function verifyData(options: VerifyDataOptions): Promise<VerifyDataOutcome> {
  const { configuration, seed, runs, minutes, signal, onProgress } = options;
  const began = performance.now();
  const subject = subjectOf(definitionsOf(configuration));
  const folder = await mkdtemp(path.join(tmpdir(), "asof-verify-"));
  const opened: { close(): Promise<void> }[] = [];
  try {
    const engine = await openEngine(path.join(folder, "temporary"));
    opened.push(engine);
    const readOnly = { temporaryFolder: path.join(folder, "temporary") };
    const store = await open({ ...configuration, definitions: subject.definitions }, { readOnly });
    opened.push(store);
    const check = new DataCheck(subject, store, engine, folder);
    let run = 0;
    let failure: DataFailure | null = null;
    for (; run < runs && failure === null && (run === 0 || performance.now() < began + minutes * 60_000); run++) {
      for (const plan of subject.services) {
        signal.throwIfAborted();
        const expected = await check.sample(plan, new Random(seed, run));
        onProgress?.({ phase: "verify", done: check.comparison.compared, total: null, unit: "rows" });
        const [difference] = check.comparison.differences;
        if (difference === undefined) continue;
        failure = await saved(options, run, difference, expected);
        break;
      }
    }
    if (check.isEmpty)
      throw new AsofError("ASOF_USAGE", "there is nothing to verify: the store holds no records that views read");
    const { compared, differences } = check.comparison;
    return {
      seed,
      runs: run,
      records: check.records,
      compared,
      different: differences.length,
      seconds: (performance.now() - began) / 1000,
      notServed: [...check.notServed],
      failure,
    };
  } finally {
    for (const one of opened.reverse()) await one.close().catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
}

/** What an oracle was given for one service. */
interface Sampled {
  readonly expected: Expected;
  readonly records: readonly LoadedRecord[];
}

class DataCheck {
  readonly comparison = new Comparison();
  readonly notServed = new Set<string>();
  records = 0;
  isEmpty = true;
  private readonly subject: Subject;
  private readonly store: Store;
  private readonly engine: Engine;
  private readonly folder: string;
  private files = 0;

  constructor(subject: Subject, store: Store, engine: Engine, folder: string) {
    this.subject = subject;
    this.store = store;
    this.engine = engine;
    this.folder = folder;
  }

  /** Asks about a sample of a service, then reads the records of its keys, and compares. */
  async sample(plan: ServicePlan, random: Random, size = REQUESTS): Promise<Sampled | null> {
    const horizons = await this.horizons();
    const sampled = await sampleOf(this.store, plan, size * 2, random, horizons);
    const requests: SampledRequest[] = [];
    for (let i = 0; i < size; i++) {
      const one = requestOf(plan, sampled, random);
      if (one !== null) requests.push(one);
    }
    if (requests.length === 0) return null;
    this.isEmpty = false;
    const rows = requests.map(({ request }) => request);
    const { name } = plan.service;
    const live = await this.live(plan, rows);
    const now = live?.[0].t ?? (await this.present());
    const moments = { first: Math.min(answerableFrom(plan, horizons) ?? -Infinity, now), now };
    const past = [now, ...[1, 2, 3].map(() => momentOf(plan, random.pick(requests).from, moments, random))];
    const asOf: FeatureAnswer[][] = [];
    for (const at of past) asOf.push(await this.store.features(name, rows, { at }));

    const ask = {
      how: "dataset",
      service: name,
      requests: requests.flatMap(({ request }) => Array.from({ length: MOMENTS }, () => request)),
      moments: requests.flatMap(({ from }) =>
        Array.from({ length: MOMENTS }, () => momentOf(plan, from, moments, random)),
      ),
    } as const;
    const spine = path.join(this.folder, `spine-${this.files}.parquet`);
    const out = path.join(this.folder, `set-${this.files++}.parquet`);
    await writeSpine(this.engine, spine, plan, ask);
    await this.store.dataset(name, { spine, out, time: MOMENT });
    // What was loaded meanwhile is in the one answer, and not in the other.
    const after = await this.store.features(name, rows.slice(0, 1), { at: now });
    const loadsBefore = asOf.at(-1)![0].loads;
    const loadsAfter = after[0].loads;

    const given = await this.read(plan, rows, horizons);
    if (given === null) return size > 1 ? this.sample(plan, random, Math.ceil(size / 4)) : null;
    const { expected } = given;
    const answer = expected.answers(plan);
    for (const answers of [...(live === null ? [] : [live]), ...asOf]) {
      const how = answers === live ? "live" : "as of";
      compareAnswers(this.comparison, { how, plan, requests: rows }, answers, (i) =>
        answer(rows[i], answers[i].t, (alias) => answers[i].loads[alias]),
      );
    }
    const isSteady = [...plan.aggregates, ...plan.batches].every(
      (use) => !expected.lacksLoad(use, loadsBefore[use.alias], loadsAfter[use.alias]),
    );
    if (isSteady)
      await compareDataset(this.engine, plan, ask, out, this.comparison, (i) =>
        answer(ask.requests[i], ask.moments[i], (alias) => loadsAfter[alias]),
      );
    await rm(spine);
    await rm(out);
    return given;
  }

  /** What is held of sources of which days were dropped: what reaches further back is not asked about. */
  private async horizons(): Promise<Horizons> {
    const { sources } = (await this.store.status()).offline;
    return Object.fromEntries(
      sources.flatMap(({ name, retention }) => {
        const horizon = retention?.horizon ?? null;
        return horizon === null ? [] : [[name, { horizon }]];
      }),
    );
  }

  /** Null where the service is not in the online store. */
  private async live(plan: ServicePlan, rows: readonly Row[]): Promise<FeatureAnswer[] | null> {
    try {
      return await this.store.features(plan.service.name, rows);
    } catch (error) {
      if (!(error instanceof AsofError) || error.code !== "ASOF_NOT_MATERIALIZED") throw error;
      this.notServed.add(plan.service.name);
      return null;
    }
  }

  private async present(): Promise<Timestamp> {
    const { watermark, now } = await this.store.status();
    return watermark ?? now;
  }

  /** All records and versions of the keys that requests ask about; null where they are too many. */
  private async read(plan: ServicePlan, requests: readonly Row[], horizons: Horizons): Promise<Sampled | null> {
    const expected = new Expected(this.subject);
    const all: LoadedRecord[] = [];
    const views = new Map(plan.aggregates.map(({ view }) => [view.name, view]));
    for (const view of views.values()) {
      const source = this.subject.catalog.sources.get(view.source)!;
      const keys = plan.aggregates
        .filter((use) => use.view.name === view.name)
        .flatMap(({ inputs }) =>
          requests.map((row) =>
            Object.fromEntries(Object.entries(view.keys).map(([key, field]) => [field, row[inputs[key]]])),
          ),
        );
      // Without its loads a source has what was streamed.
      const asked = { keys: distinct(keys), ...sinceOf(horizons, source.name) };
      const streamed = await this.store.history(source.name, { ...asked, loadsUntil: 0 });
      const rows = await this.store.history(source.name, asked);
      const positions = new Set(streamed.map(({ position }) => position));
      const records = rows.map(({ row, event, available, withdrawn, position }): LoadedRecord => {
        const load = positions.has(position) ? null : position;
        return { row, event, available, load, ...(withdrawn === null ? {} : { withdrawn }) };
      });
      if (all.length + records.length > RECORDS) return null;
      for (const { load } of records) if (load !== null) expected.acceptLoad(source.name, load);
      for (const { row, event } of records) {
        const place = { ...placeOf("as of", plan.service.name, row, event), how: "record" } as const;
        this.comparison.value(place, "event time", interpret(source.eventTime, source.fields, row), event, true);
      }
      expected.acceptInto(view, source, records);
      for (const record of records) all.push(record);
    }
    for (const { view, keys, inputs } of plan.batches) {
      const names = Object.keys(keys);
      const asked = requests.map((row) => Object.fromEntries(names.map((name) => [name, row[inputs[name]]])));
      for (const { row, event, available, position } of await this.store.history(view.name, {
        keys: distinct(asked),
      })) {
        expected.acceptLoad(view.name, position);
        const features = Object.fromEntries(Object.keys(view.features).map((name) => [name, row[name]]));
        const key = names.map((name) => row[name]);
        expected.acceptVersion(view, key, { event, available, entry: position, features });
      }
    }
    this.records += all.length;
    return { expected, records: all };
  }
}

function distinct(keys: readonly Row[]): Row[] {
  const text = (row: Row): string =>
    Object.values(row)
      .map((value) => `${typeof value} ${String(value)}`)
      .join("\u0000");
  return [...new Map(keys.map((key) => [text(key), key])).values()];
}

async function saved(
  { folder, seed }: VerifyDataOptions,
  run: number,
  difference: Difference,
  given: Sampled | null,
): Promise<DataFailure> {
  const values = Object.values(difference.request);
  const concerned = (given?.records ?? []).filter(({ row }) =>
    Object.values(row).some((value) => value !== null && typeof value !== "boolean" && values.includes(value)),
  );
  const file = path.join(folder, `verify-data-${seed}-${run}.json`);
  await writeFile(file, writeCase({ version: 1, seed, run, difference, records: concerned }));
  return { run, difference, records: concerned.length, file };
}

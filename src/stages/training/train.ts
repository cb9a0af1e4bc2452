import { columnTypes } from "../../core/codec/collection-text.ts";
import { Sha256, sha256 } from "../../core/definition/sha256.ts";
import type { ModelDefinition, SourceDefinition } from "../../core/definition/data.ts";
import { featureName } from "../../core/definition/service-features.ts";
import { AsofError } from "../../core/errors.ts";
import { ColumnBuffer } from "../../core/kernel/column-buffer.ts";
import { summarizeColumns, type TrainingNote, trainingNoteName } from "../../core/metrics/feature-summaries.ts";
import { evaluate, type Metrics } from "../../core/metrics/metrics.ts";
import { type RocCurve, rocCurve } from "../../core/metrics/roc-curve.ts";
import { groupByScore } from "../../core/metrics/score-groups.ts";
import { MODELS } from "../../core/plan/folders.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { HeldOutFindings, PermutationImportance } from "../../core/result/evaluation.ts";
import type { TrainOutcome } from "../../core/result/outcomes.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { FileStore } from "../../ports/file-store.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import type { ModelRuntime, TrainedModel, Trainer } from "../../ports/trainer.ts";
import { type Examples, readExamples, type SourceRows } from "./examples.ts";
import { permutationImportance } from "./permutation-importance.ts";

/** The features of a service for examples, in their order. */
export type JoinFeatures = (examples: Examples) => AsyncIterable<Batch>;

export interface TrainRequest extends WorkOptions {
  readonly model: ModelDefinition;
  readonly fingerprint: string;
  readonly source: SourceDefinition;
  readonly plan: ServicePlan;
  readonly rows: SourceRows;
  readonly join: JoinFeatures;
  readonly promote: boolean;
  /** What the moment is. */
  readonly now: Timestamp;
}

/** What a model version keeps of its making, beside the columns of the registry. */
export interface ModelDetails {
  readonly trainer: string;
  readonly features: readonly string[];
  readonly trainingSet: {
    readonly from: Timestamp;
    readonly until: Timestamp;
    readonly rows: number;
    readonly sha256: string;
  };
  readonly heldOut: { readonly from: Timestamp; readonly until: Timestamp; readonly rows: number };
  readonly metrics: Metrics;
  readonly baseline: Metrics | null;
  /** What a trainer that is not ours found out itself. */
  readonly trainerMetrics?: Readonly<Record<string, number>>;
  /** Versions of earlier releases have none. */
  readonly findings?: HeldOutFindings;
}

/** A table of features beside its labels. */
interface LabelledTable {
  readonly rows: number;
  readonly features: Readonly<Record<string, Column>>;
  readonly label: Float64Array;
}

interface Measured {
  readonly metrics: Metrics;
  readonly roc: RocCurve | null;
  readonly importance: PermutationImportance | null;
}

/** From a definition to a model in the registry, measured on held-out time beside its baseline. */
export class Training {
  private readonly trainers: ReadonlyMap<string, Trainer>;
  private readonly runtimes: ReadonlyMap<string, ModelRuntime>;
  private readonly registry: RegistryStore;
  private readonly files: FileStore;
  private readonly clock: Clock;

  constructor(parts: {
    trainers: readonly Trainer[];
    runtimes: readonly ModelRuntime[];
    registry: RegistryStore;
    files: FileStore;
    clock: Clock;
  }) {
    this.trainers = new Map(parts.trainers.map((trainer) => [trainer.name, trainer]));
    this.runtimes = new Map(parts.runtimes.map((runtime) => [runtime.name, runtime]));
    this.registry = parts.registry;
    this.files = parts.files;
    this.clock = parts.clock;
  }

  async train(request: TrainRequest): Promise<TrainOutcome> {
    const began = this.clock.elapsed();
    const { model, plan, source } = request;
    const trainer = this.trainerOf(model);
    const say = (done: number, phase: string): void => request.onProgress?.({ phase, done, total: 4, unit: "steps" });
    say(0, "read examples");
    const examples = await readExamples(model, source, plan.service.inputs, request.rows);
    say(1, "join features");
    const train = await collect(plan, examples.train, request.join);
    const test = await collect(plan, examples.test, request.join);
    say(2, `train ${trainer.name}`);
    const own = plan.onDemand.flatMap(({ alias, features }) =>
      Object.keys(features).map((name) => featureName(alias, name)),
    );
    const [trained, baseline] = await Promise.all([
      this.fit(trainer, request, train, (line) => say(2, `train ${trainer.name}: ${line}`)),
      own.length === 0 || own.length === Object.keys(train.features).length
        ? null
        : this.fit(trainer, request, only(train, own), null),
    ]);
    say(3, "measure");
    const measured = await this.measure(trained, model, test, request.signal);
    const ofBaseline = baseline === null ? null : await this.measure(baseline, model, only(test, own), null);
    const [metrics, baselineMetrics] = [measured.metrics, ofBaseline?.metrics ?? null];
    const version = await this.register(request, trained, {
      trainer: trainer.name,
      features: Object.keys(train.features),
      trainingSet: { ...spanOf(examples.train), sha256: digest(train) },
      heldOut: spanOf(examples.test),
      metrics,
      baseline: baselineMetrics,
      findings: { roc: measured.roc, baselineRoc: ofBaseline?.roc ?? null, importance: measured.importance },
      ...trainersOwn(trained),
    });
    const note: TrainingNote = { features: summarizeColumns(plan.features, train.features, train.rows) };
    await this.registry.setNote(trainingNoteName(model.name, version), JSON.stringify({ format: 1, ...note }));
    if (request.promote) await this.registry.promote(model.name, version, request.now);
    say(4, "done");
    return {
      model: model.name,
      version,
      promoted: request.promote,
      trainRows: train.rows,
      testRows: test.rows,
      metrics,
      baseline: baselineMetrics,
      ...trainersOwn(trained),
      bytes: trained.bytes.length,
      seconds: this.clock.elapsed() - began,
    };
  }

  /** The bytes of a version, checked against their digest. @throws ASOF_CORRUPT */
  async bytes(version: {
    readonly model: string;
    readonly version: number;
    readonly runtime: string;
    readonly sha256: string;
  }): Promise<TrainedModel> {
    const bytes = await this.files.read(modelFile(version.sha256));
    if (sha256(bytes) !== version.sha256)
      throw new AsofError("ASOF_CORRUPT", `the file of model ${version.model} version ${version.version} is damaged`, {
        model: version.model,
        version: version.version,
      });
    return { runtime: version.runtime, bytes };
  }

  runtime(name: string): ModelRuntime {
    const runtime = this.runtimes.get(name);
    if (runtime === undefined)
      throw new AsofError(
        "ASOF_PREDICT",
        `no runtime ${name} is installed; there is ${[...this.runtimes.keys()].join(", ")}`,
        { runtime: name },
      );
    return runtime;
  }

  private trainerOf(model: ModelDefinition): Trainer {
    const trainer = this.trainers.get(model.trainer.name);
    const known = [...this.trainers.keys()];
    if (trainer === undefined)
      throw new AsofError(
        "ASOF_TRAINING",
        `model ${model.name}: there is no trainer ${model.trainer.name}; there is ${known.join(", ")}`,
        { model: model.name, known },
      );
    if (!trainer.tasks.includes(model.task))
      throw new AsofError("ASOF_TRAINING", `model ${model.name}: ${trainer.name} does not do ${model.task}`, {
        model: model.name,
      });
    return trainer;
  }

  /** Trains the model, or its baseline where nobody hears of that. */
  private fit(
    trainer: Trainer,
    { model, signal }: TrainRequest,
    table: LabelledTable,
    onLine: ((line: string) => void) | null,
  ): Promise<TrainedModel> {
    const { name, split } = model;
    return trainer.train(
      { ...table, task: model.task },
      {
        ...(signal === undefined ? {} : { signal }),
        ...(onLine === null ? {} : { onLine }),
        model: { name, isBaseline: onLine === null, split, trainer: model.trainer.options },
      },
    );
  }

  /** @param signal null for a baseline, of which nobody asks what matters to it */
  private async measure(
    trained: TrainedModel,
    { task }: ModelDefinition,
    test: LabelledTable,
    signal: AbortSignal | undefined | null,
  ): Promise<Measured> {
    const loaded = await this.runtime(trained.runtime).load(trained);
    try {
      const predictions = await loaded.predict(test.features, test.rows);
      return {
        metrics: evaluate(task, predictions, test.label),
        roc: task === "classification" ? rocCurve(groupByScore(predictions, test.label)) : null,
        importance: signal === null ? null : await permutationImportance(loaded, task, test, signal),
      };
    } finally {
      loaded.close();
    }
  }

  private async register(request: TrainRequest, trained: TrainedModel, details: ModelDetails): Promise<number> {
    const digestOfBytes = sha256(trained.bytes);
    await this.files.write(modelFile(digestOfBytes), trained.bytes);
    return this.registry.addModel({
      model: request.model.name,
      createdAt: request.now,
      fingerprint: request.fingerprint,
      runtime: trained.runtime,
      sha256: digestOfBytes,
      bytes: trained.bytes.length,
      details: JSON.stringify(details),
    });
  }
}

function trainersOwn({ metrics }: TrainedModel): Pick<ModelDetails, "trainerMetrics"> {
  return metrics === undefined ? {} : { trainerMetrics: metrics };
}

/** Where the bytes of a model are. */
const modelFile = (digestOfBytes: string): string => `${MODELS}/${digestOfBytes}`;

async function collect(plan: ServicePlan, examples: Examples, join: JoinFeatures): Promise<LabelledTable> {
  const buffers = Object.entries(columnTypes(plan.features)).map(
    ([name, type]) => [name, new ColumnBuffer(type)] as const,
  );
  for await (const { rows, columns } of join(examples))
    for (const [name, buffer] of buffers) buffer.add(columns[name], rows);
  return {
    rows: examples.rows,
    features: Object.fromEntries(buffers.map(([name, buffer]) => [name, buffer.column()])),
    label: examples.label,
  };
}

function only(table: LabelledTable, names: readonly string[]): LabelledTable {
  return { ...table, features: Object.fromEntries(names.map((name) => [name, table.features[name]])) };
}

function spanOf({ rows, t }: Examples): { from: Timestamp; until: Timestamp; rows: number } {
  return { from: t[0], until: t[t.length - 1], rows };
}

/** The digest of a table: names, values and nulls of its features, then the labels. What stands where a null is does not count. */
function digest({ features, label }: LabelledTable): string {
  const hash = new Sha256();
  const text = new TextEncoder();
  for (const [name, { values, valid }] of Object.entries(features)) {
    hash.update(text.encode(`${name}\0`));
    hash.update(valid ?? ALL_VALID);
    if (Array.isArray(values))
      hash.update(text.encode(JSON.stringify(values.map((value, i) => (valid?.[i] === 0 ? null : value)))));
    else hash.update(bytesOf(valid === null ? values : withoutNulls(values, valid)));
  }
  return hash.update(bytesOf(label)).digest();
}

const ALL_VALID = Uint8Array.of(1);

function withoutNulls(values: Float64Array | BigInt64Array, valid: Uint8Array): Float64Array | BigInt64Array {
  const copy = values.slice();
  for (let i = 0; i < copy.length; i++) if (valid[i] === 0) copy[i] = copy instanceof Float64Array ? 0 : 0n;
  return copy;
}

const bytesOf = (values: Float64Array | BigInt64Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

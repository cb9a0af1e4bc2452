import { idFields } from "../core/codec/retractions.ts";
import { sourceNamed } from "../core/definition/catalog.ts";
import type { SourceDefinition } from "../core/definition/data.ts";
import { sourceStream } from "../core/definition/stream.ts";
import { AsofError } from "../core/errors.ts";
import { OneByOne } from "../core/one-by-one.ts";
import { copiedRelation, formatOf } from "../core/plan/file-relation.ts";
import { STAGING } from "../core/plan/folders.ts";
import { rejected } from "../core/rejected.ts";
import { work } from "../core/result/progress.ts";
import type {
  CorrectOutcome,
  IngestOutcome,
  LoadOutcome,
  ReplayOutcome,
  RetractOutcome,
} from "../core/result/outcomes.ts";
import type {
  FilesOptions,
  IngestOptions,
  LoadOptions,
  ReplayOptions,
  TableOptions,
  UntypedRequest,
} from "../core/result/store.ts";
import type { Fields, Row } from "../core/schema/data-type.ts";
import { formatDuration } from "../core/time/duration.ts";
import { formatTimestamp, type Timestamp, type TimestampInput, parseTimestamp } from "../core/time/timestamp.ts";
import type { TableCopy } from "../ports/table-reader.ts";
import { keptFrom } from "../stages/ingest/retention.ts";
import { mustHaveId } from "../stages/ingest/ingest.ts";
import type { LoadRequest } from "../stages/ingest/load-request.ts";
import { readRecords } from "../stages/ingest/read-records.ts";
import { replay } from "../stages/ingest/replay.ts";
import { positionNote, readPosition, seenFiles } from "./loaded-before.ts";
import type { OpenStore } from "./open-store.ts";
import type { Writing } from "./writing.ts";

const OFFLINE = "offline store";
const ONLINE = "online store";

/** Calls that may wait for the fold: what they hold is in memory. */
const MOST_WAITING = 1_000;

/** Records of files that are withdrawn or corrected at once. */
const PORTION = 10_000;

/** A load but for what is only known when it begins. */
type Prepared = Omit<LoadRequest, "id" | "first" | "now">;

/** Step 1: raw data into the store, in bulk and one by one. */
export class Ingesting {
  private readonly store: OpenStore;
  /** Resolves once everything that was predicted is on disk. */
  private readonly served: () => Promise<void>;

  private readonly turns = new OneByOne();
  /** Calls that wait to know whether their source takes records, or for the fold. */
  private asking = 0;
  /** Resolves once the last of them is on its way, or refused. */
  private before: Promise<void> = Promise.resolve();

  constructor(store: OpenStore, served: () => Promise<void>) {
    this.store = store;
    this.served = served;
  }

  async load(name: string, files: readonly string[], options: LoadOptions = {}): Promise<LoadOutcome> {
    const { loader } = this.store.writing();
    const source = sourceNamed(this.store.parts.catalog, name);
    await this.store.definitions.mustBeApplied(name);
    if (files.length === 0) throw new AsofError("ASOF_USAGE", "name at least one file", { source: name });
    const { registry, fileState } = this.store.parts;
    const range = { from: timeOrNull(options.from), until: timeOrNull(options.until) };
    // A source with an id knows its records themselves.
    const onlyNew = options.onlyNew === true && source.id === undefined && options.idempotencyKey === undefined;
    const load = async (): Promise<LoadOutcome> => {
      const seen = await seenFiles(files, { registry, fileState, source: name, range, onlyNew });
      if (seen.fresh.length === 0) return { ...loader.nothing(name, 0), warnings: seen.warnings };
      const outcome = await this.record(name, async () => ({
        ...work(options),
        source,
        views: this.store.definitions.viewsOver(name),
        files: seen.fresh,
        format: options.format ?? formatOf(files[0]),
        ...range,
        rejects: options.rejects ?? false,
        key: options.idempotencyKey ?? null,
        ...(options.onlyNew === undefined ? {} : { notes: seen.notes }),
      }));
      return { ...outcome!, warnings: [...seen.warnings, ...outcome!.warnings] };
    };
    return onlyNew ? this.turns.run(load) : load();
  }

  /** Loads what `prepare` gives as a recorded run; null where that is nothing. */
  private async record(name: string, prepare: () => Promise<Prepared | null>): Promise<LoadOutcome | null> {
    const writing = this.store.writing();
    const source = sourceNamed(this.store.parts.catalog, name);
    const outcome = await writing.upkeep.shared(() =>
      this.store.recorder.record(
        "load",
        name,
        OFFLINE,
        async (id, heard) => {
          const prepared = await prepare();
          if (prepared === null) return null;
          const first = await this.store.offline.isEmpty(sourceStream(source));
          return writing.loader.load({
            ...prepared,
            ...heard(prepared),
            id: `load-${id}`,
            first,
            now: (await writing.writer.cut()).t,
          });
        },
        (outcome) => ({ rows: outcome?.rows ?? 0, bytes: outcome?.bytes ?? 0, details: outcome ?? {} }),
      ),
    );
    if (outcome === null || outcome.rows === 0) return outcome;
    await writing.tidying.now();
    const warnings = [...outcome.warnings, ...tooOld(source, outcome, (await writing.writer.cut()).t)];
    return { ...outcome, warnings };
  }

  /** Loads what is new in a table. Where loads of tables meet, they take turns: each goes on from the one before. */
  async loadTable(name: string, options: TableOptions): Promise<LoadOutcome> {
    const { loader } = this.store.writing();
    const { catalog, registry, files, copyTable } = this.store.parts;
    const source = sourceNamed(catalog, name);
    await this.store.definitions.mustBeApplied(name);
    return this.turns.run(async () => {
      const folder = `${STAGING}/table-${name}`;
      try {
        let found: TableCopy | null = null;
        const outcome = await this.record(name, async () => {
          await files.makeFolder(folder);
          const to = files.path(`${folder}/rows.csv`);
          found = await copyTable({
            ...work(options),
            url: options.url ?? null,
            table: options.table,
            position: options.position,
            margin: options.margin ?? null,
            fields: source.fields,
            columns: source.columns,
            to,
            after: async (table) => readPosition(await registry.note(positionNote(name, table))),
          });
          if (found.until === null) return null;
          return {
            ...work(options),
            source,
            views: this.store.definitions.viewsOver(name),
            files: [`table ${found.name}`],
            format: "csv" as const,
            relation: copiedRelation(to, found.columns),
            notes: { [positionNote(name, found.name)]: JSON.stringify(found.until) },
            from: null,
            until: null,
            rejects: options.rejects ?? false,
            key: null,
          };
        });
        const copied = found as TableCopy | null;
        // Rows that were all known already made no load to note it with.
        const until = copied?.until ?? null;
        if (outcome !== null && outcome.rows === 0 && copied !== null && until !== null)
          await registry.setNote(positionNote(name, copied.name), JSON.stringify(until));
        return outcome ?? loader.nothing(name, 0);
      } finally {
        await files.remove(folder);
      }
    });
  }

  ingest(name: string, records: readonly UntypedRequest[], options: IngestOptions = {}): Promise<IngestOutcome> {
    return this.take(name, ({ ingest }, source) => ingest.ingest(source, records, options.idempotencyKey ?? null));
  }

  retract(name: string, ids: readonly UntypedRequest[]): Promise<RetractOutcome> {
    return this.take(name, ({ ingest }, source) => ingest.retract(source, ids));
  }

  correct(name: string, records: readonly UntypedRequest[]): Promise<CorrectOutcome> {
    return this.take(name, ({ ingest }, source) => ingest.correct(source, records));
  }

  retractFiles(name: string, files: readonly string[], options: FilesOptions = {}): Promise<RetractOutcome> {
    const { fields, id = [] } = sourceNamed(this.store.parts.catalog, name);
    return this.takeFiles(name, files, id.length === 0 ? fields : idFields(fields, id), options, (ids) =>
      this.retract(name, ids),
    );
  }

  correctFiles(name: string, files: readonly string[], options: FilesOptions = {}): Promise<CorrectOutcome> {
    const { fields } = sourceNamed(this.store.parts.catalog, name);
    return this.takeFiles(name, files, fields, options, (records) => this.correct(name, records));
  }

  /** Takes the rows of files in portions; the outcome sums up theirs, from the first on. */
  private async takeFiles<O extends RetractOutcome | CorrectOutcome>(
    name: string,
    files: readonly string[],
    fields: Fields,
    { format, signal, onProgress }: FilesOptions,
    take: (rows: readonly Row[]) => Promise<O>,
  ): Promise<O> {
    const { catalog, engine } = this.store.parts;
    const source = sourceNamed(catalog, name);
    mustHaveId(source);
    this.store.writing();
    if (files.length === 0) throw new AsofError("ASOF_USAGE", "name at least one file", { source: name });
    const read = { source, fields, files, format: format ?? formatOf(files[0]), rows: PORTION };
    let sum: O | null = null;
    let done = 0;
    for await (const rows of readRecords(engine, { ...read, ...(signal === undefined ? {} : { signal }) })) {
      const outcome = await take(rows);
      done += rows.length;
      onProgress?.({ phase: name, done, total: null, unit: "rows" });
      sum = sum === null ? outcome : added(sum, outcome);
    }
    if (sum === null) throw new AsofError("ASOF_EMPTY", `${files.join(", ")}: there are no rows`, { source: name });
    return sum;
  }

  /** Where it is known that the source takes records, and the fold is near, they are on their way when this returns. */
  private take<T>(name: string, by: (writing: Writing, source: SourceDefinition) => Promise<T>): Promise<T> {
    let writing: Writing;
    let source: SourceDefinition;
    try {
      writing = this.store.writing();
      source = sourceNamed(this.store.parts.catalog, name);
    } catch (error) {
      return rejected(error);
    }
    // Nobody overtakes those who wait.
    if (this.asking === 0 && this.store.definitions.takesRecords(name) && !writing.isFoldBehind)
      return by(writing, source);
    if (this.asking >= MOST_WAITING && writing.isFoldBehind) return Promise.reject(tooManyWait(this.asking));
    this.asking++;
    const { before } = this;
    const isTaken = Promise.all([this.store.definitions.mustTakeRecords(name), writing.foldComesNear(), before]);
    const outcome = isTaken.then(() => by(writing, source));
    const isPast = (): void => void this.asking--;
    this.before = isTaken.then(isPast, isPast);
    return outcome;
  }

  confirmClock(): void {
    this.store.writing().writer.confirmClock();
  }

  async settled(): Promise<void> {
    const { fold } = this.store.writing();
    await this.served();
    await fold.settled();
  }

  async replay(name: string, options: ReplayOptions): Promise<ReplayOutcome> {
    const writing = this.store.writing();
    const { log } = writing;
    const { engine, clock, catalog } = this.store.parts;
    const source = sourceNamed(catalog, name);
    await this.store.definitions.mustBeApplied(name);
    const { files, at } = options;
    if (files.length === 0) throw new AsofError("ASOF_USAGE", "name at least one file", { source: name });
    return this.store.recorder.record(
      "replay",
      name,
      ONLINE,
      async (_id, heard) => {
        const before = await log.bytes();
        const replayed = await replay(engine, clock, {
          ...heard(options),
          source,
          files,
          format: options.format ?? formatOf(files[0]),
          from: parseTimestamp(options.from),
          until: parseTimestamp(options.until),
          moments: at?.moments ?? [],
          visit: at?.visit ?? (() => Promise.resolve()),
          // Stamped within the call, before the clock moves on.
          ingest: async (records) => {
            await writing.ingest.ingest(source, records);
          },
          settled: () => this.settled(),
        });
        return { ...replayed, bytes: (await log.bytes()) - before };
      },
      (outcome) => ({ rows: outcome.records, bytes: outcome.bytes, details: outcome }),
    );
  }
}

/** Says that a load has brought what its source does not keep. */
function tooOld({ name, retention }: SourceDefinition, { minEvent }: LoadOutcome, t: Timestamp): string[] {
  if (retention === undefined || minEvent === null || minEvent >= keptFrom(retention, t)) return [];
  return [
    `source ${name} keeps ${formatDuration(retention)}: of this load the days before ${formatTimestamp(keptFrom(retention, t))} are dropped`,
  ];
}

/** Counts added up; where it began stays. */
function added<O extends RetractOutcome | CorrectOutcome>(sum: O, next: O): O {
  const counts = Object.entries(next).map(([name, value]) => [
    name,
    typeof value === "number" && name !== "position" && name !== "stamp"
      ? value + (sum[name as keyof O] as number)
      : sum[name as keyof O],
  ]);
  return Object.fromEntries(counts) as O;
}

function timeOrNull(input: TimestampInput | undefined): Timestamp | null {
  return input === undefined ? null : parseTimestamp(input);
}

function tooManyWait(calls: number): AsofError {
  const message = `${calls} calls wait for what was accepted before to be folded`;
  return new AsofError("ASOF_QUEUE_FULL", message, { calls, limit: MOST_WAITING });
}

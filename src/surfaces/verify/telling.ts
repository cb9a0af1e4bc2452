import { sourceNamed } from "../../core/definition/catalog.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { AsofError } from "../../core/errors.ts";
import type { LoadedRecord } from "../../core/oracle/key-history.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { DAY, type Timestamp } from "../../core/time/timestamp.ts";
import { expectedComputation } from "./computation.ts";
import type { CourseState } from "./course-state.ts";
import type { CourseStore } from "./course-store.ts";
import { loadedRecord, streamedRecord } from "./expected.ts";
import type { Step } from "./steps.ts";
import { isJson, writeRows } from "./write-rows.ts";

/** For how long keys are remembered where a source does not say. */
const WEEK = 7 * DAY;

/** Tells a store records, and has it compute; what it says of them is compared, and what it must answer from now on noted. */
export class Telling {
  private readonly state: CourseState;
  /** When idempotency keys, with their sources, were first sent. */
  private readonly keys = new Map<string, Timestamp>();

  constructor(state: CourseState) {
    this.state = state;
  }

  async ingest(store: CourseStore, { source: name, rows, key }: Extract<Step, { do: "ingest" }>): Promise<void> {
    const source = sourceNamed(this.state.bench.subject.catalog, name);
    const identity = this.state.expected.identityOf(source);
    const since = this.keys.get(`${name} ${key}`);
    const isKnown = since !== undefined;
    // For how long a key is remembered beyond its time is not said.
    if (isKnown && this.state.now >= since + (source.dedupe ?? WEEK)) return;
    const sent = store.ingest(name, rows, key === undefined ? {} : { idempotencyKey: key });
    if (!isKnown && identity?.conflict(rows) === true) return this.refused(sent, name);
    const { position, stamp, accepted, duplicates } = await sent;
    if (key !== undefined && !isKnown) this.keys.set(`${name} ${key}`, stamp);
    const taken: LoadedRecord[] = [];
    let awaited = 0;
    for (const row of isKnown ? [] : rows) {
      const record = streamedRecord(source, row, stamp + taken.length);
      if (identity?.insert(record) === false) continue;
      // A retraction that came first leaves nothing of it.
      if (record.withdrawn === undefined) taken.push(record);
      else awaited++;
    }
    this.state.told(name, "accepted", taken.length + awaited, accepted);
    this.state.told(name, "duplicates", rows.length - taken.length - awaited, duplicates);
    // A key of its own is kept where nothing else is.
    const alone = key !== undefined && !isKnown ? 1 : 0;
    this.state.appended(identity === null && !isKnown, position, stamp, taken.length || awaited || alone);
    this.state.expected.accept(source, taken);
  }

  async retract(store: CourseStore, name: string, ids: readonly Row[]): Promise<void> {
    const identity = this.state.expected.identityOf(sourceNamed(this.state.bench.subject.catalog, name))!;
    const { position, stamp, retracted, waiting, duplicates } = await store.retract(name, ids);
    // In the log those that wait stand before those that withdraw, each at its own microsecond.
    const first = retracted === 0 ? stamp : stamp - waiting;
    const counts = { withdraws: 0, waits: 0, nothing: 0 };
    for (const id of ids) {
      const what = identity.retraction(id);
      const at = what === "withdraws" ? stamp + counts.withdraws : first + counts.waits;
      counts[what]++;
      identity.retract(id, at);
    }
    this.state.told(name, "retracted", counts.withdraws, retracted);
    this.state.told(name, "waiting", counts.waits, waiting);
    this.state.told(name, "duplicates", counts.nothing, duplicates);
    this.state.appended(false, position, stamp, retracted === 0 ? waiting : retracted);
  }

  /** Corrects records, of different ids. */
  async correct(store: CourseStore, name: string, rows: readonly Row[]): Promise<void> {
    const source = sourceNamed(this.state.bench.subject.catalog, name);
    const identity = this.state.expected.identityOf(source)!;
    const { position, stamp, accepted, replaced, waiting, duplicates } = await store.correct(name, rows);
    // In the log retractions that wait stand first, then those that withdraw, then the records.
    const counts = { withdraws: 0, waits: 0, nothing: 0 };
    const taken: LoadedRecord[] = [];
    for (const row of rows) {
      if (identity.isCorrect(row)) continue;
      const what = identity.retraction(row);
      identity.retract(row, stamp - replaced + (what === "withdraws" ? counts.withdraws : counts.waits - waiting));
      counts[what]++;
      const record = streamedRecord(source, row, stamp + taken.length);
      identity.replace(record);
      taken.push(record);
    }
    this.state.told(name, "accepted", taken.length, accepted);
    this.state.told(name, "replaced", counts.withdraws, replaced);
    this.state.told(name, "waiting", counts.waits, waiting);
    this.state.told(name, "duplicates", rows.length - taken.length, duplicates);
    this.state.appended(false, position, stamp, accepted);
    this.state.expected.accept(source, taken);
  }

  async load(store: CourseStore, { source: name, files, format }: Extract<Step, { do: "load" }>): Promise<void> {
    const source = sourceNamed(this.state.bench.subject.catalog, name);
    const identity = this.state.expected.identityOf(source);
    const asText = format === "ndjson" && files.every((rows) => isJson(source.fields, rows));
    const paths: string[] = [];
    for (const rows of files) paths.push(await this.writeRows(source, rows, asText));
    this.state.ahead();
    const first = this.state.expected.recordsOf(name).length === 0;
    const sent = store.load(name, paths);
    if (identity?.conflict(files.flat()) === true) return this.refused(sent, name);
    const { position, rows, duplicates } = await sent;
    const taken = files
      .flat()
      .map((row) => loadedRecord(source, row, position, first, this.state.now))
      .filter((record) => identity?.insert(record) ?? true);
    this.state.told(name, "rows", taken.length, rows);
    this.state.told(name, "duplicates", files.flat().length - taken.length, duplicates);
    if (taken.length === 0) return;
    this.state.positioned(position, 1);
    this.state.expected.acceptLoad(name, position);
    this.state.expected.accept(source, taken);
  }

  /** Other content under a known id is refused, and nothing of its request is taken. */
  private async refused(sent: Promise<unknown>, source: string): Promise<void> {
    const said = await sent.then(
      () => "accepted",
      (error: unknown) => (error instanceof AsofError ? error.code : String(error)),
    );
    this.state.told(source, "other content under a known id", "ASOF_ID_CONFLICT", said);
  }

  async compute(store: CourseStore, name: string): Promise<void> {
    const { subject, engine } = this.state.bench;
    const view = subject.batchViews.find((one) => one.name === name)!;
    this.state.ahead();
    const [outcome] = await store.compute([name]);
    // The clock's time, unless that was handed out as a moment just before.
    const { t } = outcome;
    const place = { how: "compute", service: name, request: {}, t } as const;
    const isDue = t >= this.state.now && t <= this.state.now + 2;
    this.state.comparison.value(place, "moment of the computation", this.state.now, isDue ? this.state.now : t, true);
    const wanted = await expectedComputation(engine, subject, view, this.state.expected, t);
    for (const { event, key } of wanted.leaks)
      this.state.comparison.value(
        { ...place, request: key, t: event },
        "row over records available before its time",
        "the same",
        "another",
      );
    this.state.comparison.value(place, "new rows", wanted.rows.length, outcome.rows, wanted.rows.length === 0);
    if (wanted.rows.length === 0) return;
    const position = this.state.end++;
    this.state.lastStamp = Math.max(this.state.lastStamp, t + 2);
    this.state.expected.acceptLoad(name, position);
    for (const { key, event, available, features } of wanted.rows)
      this.state.expected.acceptVersion(view, key, { event, available, entry: position, features });
  }

  private async writeRows(source: SourceDefinition, rows: readonly Row[], asText: boolean): Promise<string> {
    const file = this.state.file(asText ? "ndjson" : "parquet");
    await writeRows(this.state.bench.engine, file, source, rows);
    return file;
  }
}

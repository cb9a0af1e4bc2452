import { ContentSum } from "../../core/codec/content-digest.ts";
import type { StoredRequest } from "../../core/codec/identity-codec.ts";
import type { KeyedRequest } from "../../core/codec/keyed-request.ts";
import { encodeRecords, ENTRY, type StreamRecord } from "../../core/codec/record-batch.ts";
import type { Redo } from "../../core/codec/retractions.ts";
import { ByteWriter } from "../../core/codec/bytes.ts";
import { type RowCodec, rowCodec } from "../../core/codec/row-codec.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { sourceStream } from "../../core/definition/stream.ts";
import { AsofError } from "../../core/errors.ts";
import { awaited, met, onCorrect, onInsert, onRetract, recorded, withdrawn } from "../../core/identity/identity.ts";
import type { Version } from "../../core/identity/identity.ts";
import type { CorrectOutcome, IngestOutcome, RetractOutcome } from "../../core/result/outcomes.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import { appendGroup, type AppendedGroup } from "./entry-group.ts";
import type { Identities } from "./identities.ts";
import type { Appended } from "./log-writer.ts";
import { answeredBefore, checkIdempotencyKey, remember } from "./requests.ts";
import type { SourceIdentity } from "./source-identity.ts";
import { WorkingIdentities } from "./working-identities.ts";

/** What is decided, and when it is on disk. */
interface Decided<T> {
  readonly outcome: T;
  readonly durable: Promise<void>;
}

/** Hears of records as they are stamped: the first at `stamp`. */
export type HearAppended = (stream: string, records: readonly StreamRecord[], stamp: Timestamp) => void;

/**
 * The way in for records that are named, by their source's `id` or by the idempotency key of their request, and for
 * what becomes of them later: retractions and corrections. All of a request is taken or nothing, and each thing once.
 */
export class Intake {
  private readonly identities: Identities;
  private readonly clock: Clock;
  private readonly heard: HearAppended;
  private readonly buffer = new ByteWriter();

  constructor(identities: Identities, clock: Clock, heard: HearAppended) {
    this.identities = identities;
    this.clock = clock;
    this.heard = heard;
  }

  /** Records of a source without an `id`, under an idempotency key. @throws ASOF_ID_CONFLICT, ASOF_REQUEST */
  ingestOnce(source: SourceDefinition, records: readonly StreamRecord[], key: string): Promise<IngestOutcome> {
    const { name, schema } = sourceStream(source);
    const codec = rowCodec(source.fields);
    return this.decide(source, () => {
      const request = this.request(source, codec, records, key);
      return after(this.answeredBefore(source, request, records), (known) => {
        if (known !== null) return this.again(source, known);
        const { at, durable } = this.identities.append(name, [
          {
            kind: ENTRY.records,
            count: records.length,
            payload: () => {
              this.buffer.reset();
              encodeRecords(this.buffer, schema, codec, records, request);
              return this.buffer.finish();
            },
          },
        ]);
        remember(this.identities, source, request, at[0]);
        this.heard(name, records, at[0].stamp);
        return { outcome: { source: name, accepted: records.length, duplicates: 0, ...at[0] }, durable };
      });
    });
  }

  /** Records of a source with an `id`; those that are known already are left out. @throws ASOF_ID_CONFLICT */
  ingest(source: SourceIdentity, records: readonly StreamRecord[], key: string | null): Promise<IngestOutcome> {
    const definition = source.source;
    return this.decide(definition, () => {
      const request = key === null ? null : this.request(definition, source.codec, records, key);
      const known = request === null ? null : this.answeredBefore(definition, request, records);
      return after(known, (before) =>
        before !== null
          ? this.again(definition, before)
          : after(this.working(source, records), (working) => this.insert(source, records, request, working)),
      );
    });
  }

  private insert(
    source: SourceIdentity,
    records: readonly StreamRecord[],
    request: KeyedRequest | null,
    working: WorkingIdentities,
  ): Decided<IngestOutcome> {
    const { name } = source.source;
    const tried = working.copy();
    const taken: StreamRecord[] = [];
    const late: (StreamRecord & { since: number })[] = [];
    let duplicates = 0;
    for (const [i, record] of records.entries()) {
      const { row } = record;
      const content = source.content(row);
      const identity = tried.get(row);
      switch (onInsert(identity, content, () => this.identities.earlier(source.stream, row))) {
        case "new":
          taken.push(record);
          tried.change(row, (before) => recorded(before, placed(record, content)));
          break;
        case "withdrawn":
          late.push({ ...record, since: identity.waiting! });
          tried.change(row, (before) => met(before, content.row));
          break;
        case "duplicate":
          duplicates++;
          break;
        case "conflict":
          throw conflict(source, row, i, records.length);
      }
    }
    const outcome = (at: Appended): IngestOutcome => ({
      source: name,
      accepted: taken.length + late.length,
      duplicates,
      ...at,
    });
    if (taken.length + late.length === 0 && request === null) return this.nothingNew(outcome);
    const { at, durable } = appendGroup(
      this.identities,
      source,
      { waiting: [], withdrawn: [], met: late, records: taken, request, redo: { what: "ingest", records } },
      working,
    );
    if (request !== null) remember(this.identities, source.source, request, at);
    if (taken.length > 0) this.heard(name, taken, at.stamp);
    return { outcome: outcome(at), durable };
  }

  /** Withdraws records by their ids: what counts, or what is yet to come. */
  retract(source: SourceIdentity, ids: readonly Row[]): Promise<RetractOutcome> {
    return this.decide(source.source, () =>
      after(WorkingIdentities.of(source, this.identities, ids), (working) => {
        const tried = working.copy();
        const targets: Version[] = [];
        const waiting: Row[] = [];
        let duplicates = 0;
        for (const id of ids) {
          const { live } = tried.get(id);
          switch (onRetract(tried.get(id))) {
            case "withdraw":
              targets.push(live!);
              tried.change(id, (before) => withdrawn(before, live!.position, live!.row));
              break;
            case "wait":
              waiting.push(id);
              tried.change(id, (before) => awaited(before, 0));
              break;
            case "duplicate":
              duplicates++;
          }
        }
        const outcome = (at: Appended): RetractOutcome => ({
          source: source.source.name,
          retracted: targets.length,
          waiting: waiting.length,
          duplicates,
          ...at,
        });
        if (targets.length + waiting.length === 0) return this.nothingNew(outcome);
        const redo: Redo = { what: "retract", ids };
        const group = { waiting, withdrawn: targets, met: [], records: [], request: null, redo };
        return this.appended(appendGroup(this.identities, source, group, working), outcome);
      }),
    );
  }

  /** Replaces records by others of the same ids. @throws ASOF_ID_CONFLICT where one id is corrected in two ways */
  correct(source: SourceIdentity, records: readonly StreamRecord[]): Promise<CorrectOutcome> {
    return this.decide(source.source, () =>
      after(this.working(source, records), (working) => {
        const tried = working.copy();
        const targets: Version[] = [];
        const waiting: Row[] = [];
        const taken: StreamRecord[] = [];
        const here = new Set<string>();
        let duplicates = 0;
        for (const [i, record] of records.entries()) {
          const { row } = record;
          const content = source.content(row);
          const identity = tried.get(row);
          const how = onCorrect(identity, content);
          if (how === "duplicate") {
            duplicates++;
            continue;
          }
          if (here.has(source.text(row))) throw conflict(source, row, i, records.length);
          here.add(source.text(row));
          if (how === "replace") targets.push(identity.live!);
          if (how === "wait") waiting.push(row);
          taken.push(record);
          tried.change(row, (before) => recorded(before, placed(record, content)));
        }
        const outcome = (at: Appended): CorrectOutcome => ({
          source: source.source.name,
          accepted: taken.length,
          replaced: targets.length,
          waiting: waiting.length,
          duplicates,
          ...at,
        });
        if (taken.length === 0) return this.nothingNew(outcome);
        const redo: Redo = { what: "correct", records };
        const group = { waiting, withdrawn: targets, met: [], records: taken, request: null, redo };
        const appended = appendGroup(this.identities, source, group, working);
        this.heard(source.source.name, taken, appended.at.stamp);
        return this.appended(appended, outcome);
      }),
    );
  }

  /** Does a request anew, of which a crash kept a part. */
  async redo(source: SourceIdentity, redo: Redo): Promise<void> {
    if (redo.what === "retract") await this.retract(source, redo.ids);
    else if (redo.what === "correct") await this.correct(source, redo.records);
    else await this.ingest(source, redo.records, null);
  }

  /** Decides in the source's turn; resolves once what was decided, and what it rests on, is on disk. */
  private async decide<T>(source: SourceDefinition, work: () => Decided<T> | Promise<Decided<T>>): Promise<T> {
    const { outcome, durable } = await this.identities.turn(source.name, work);
    await durable;
    return outcome;
  }

  private working(
    source: SourceIdentity,
    records: readonly StreamRecord[],
  ): WorkingIdentities | Promise<WorkingIdentities> {
    return WorkingIdentities.of(
      source,
      this.identities,
      records.map(({ row }) => row),
    );
  }

  private answeredBefore(
    source: SourceDefinition,
    request: KeyedRequest,
    records: readonly StreamRecord[],
  ): ReturnType<typeof answeredBefore> {
    return answeredBefore(this.identities, source, request, this.clock.now(), () => {
      const sums = this.identities.earlierSums(sourceStream(source));
      for (const { row } of records) sums.add(row);
      return sums.digests();
    });
  }

  private request(
    source: SourceDefinition,
    codec: RowCodec,
    records: readonly StreamRecord[],
    key: string,
  ): KeyedRequest {
    checkIdempotencyKey(source.name, key);
    const sum = new ContentSum();
    for (const { row } of records) {
      this.buffer.reset();
      codec.encode(this.buffer, row);
      sum.add(this.buffer.view());
    }
    return { key, count: records.length, digest: sum.digest() };
  }

  private again({ name }: SourceDefinition, { count, position, stamp }: StoredRequest): Decided<IngestOutcome> {
    const outcome = { source: name, accepted: 0, duplicates: count, position, stamp };
    return { outcome, durable: this.identities.durable };
  }

  /** Everything is known: it lies below the log's end once what is under way is on disk. */
  private nothingNew<T>(outcome: (at: Appended) => T): Decided<T> {
    return { outcome: outcome(this.identities.end), durable: this.identities.durable };
  }

  private appended<T>({ at, durable }: AppendedGroup, outcome: (at: Appended) => T): Decided<T> {
    return { outcome: outcome(at), durable };
  }
}

/** A version before it is known where it comes to be: its content is what decides. */
function placed({ event }: StreamRecord, content: Pick<Version, "schema" | "row">): Version {
  return { position: -1, origin: "stream", event, available: event, ...content };
}

function conflict(source: SourceIdentity, row: Row, index: number, records: number): AsofError {
  const id = source.text(row);
  return new AsofError(
    "ASOF_ID_CONFLICT",
    `${records > 1 ? `record ${index}: ` : ""}source ${source.source.name} has another record of ${id}`,
    { source: source.source.name, id, record: index },
  );
}

function after<T, U>(value: T | Promise<T>, then: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then((given) => then(given)) : then(value);
}

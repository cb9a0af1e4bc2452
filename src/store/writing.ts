import type { StreamSchemas } from "../core/codec/stream-schemas.ts";
import { sourceNamed } from "../core/definition/catalog.ts";
import { sourceStream } from "../core/definition/stream.ts";
import type { EventLog } from "../ports/event-log.ts";
import { Archiver } from "../stages/ingest/archive.ts";
import { BulkWriter } from "../stages/ingest/bulk-writer.ts";
import { Ingest } from "../stages/ingest/ingest.ts";
import { Loader } from "../stages/ingest/load.ts";
import { LogWriter } from "../stages/ingest/log-writer.ts";
import { Computer } from "../stages/offline/compute.ts";
import { KeyedHistory } from "../stages/offline/history.ts";
import type { OfflineStore } from "../stages/offline/offline-store.ts";
import { Fold } from "../stages/online/fold.ts";
import { Materializer } from "../stages/online/materialize.ts";
import type { RunRecorder } from "../stages/registry/run-recorder.ts";
import type { Definitions } from "./definitions.ts";
import type { StoreParts } from "./store-parts.ts";

/** Records in the log from which on closing archives them. */
const ARCHIVE_RECORDS = 20_000;
const SCHEMAS = "schemas";
const RESERVE = "reserve";

/** Takes up the schemas that the log's records may have. */
export async function restoreSchemas({ registry }: StoreParts, schemas: StreamSchemas): Promise<void> {
  schemas.restore(await registry.note(SCHEMAS));
}

/** What only the writer of the log has. */
export class Writing {
  readonly log: EventLog;
  readonly writer: LogWriter;
  readonly ingest: Ingest;
  readonly loader: Loader;
  readonly computer: Computer;
  readonly fold: Fold;
  readonly materializer: Materializer;
  private readonly archiver: Archiver;
  private readonly parts: StoreParts;

  private constructor(
    parts: StoreParts,
    log: EventLog,
    writer: LogWriter,
    offline: OfflineStore,
    schemas: StreamSchemas,
    definitions: Definitions,
  ) {
    const { registry, engine, files, clock, online, catalog } = parts;
    const bulk = new BulkWriter({ files, registry, writer });
    const history = new KeyedHistory(engine, offline, {
      source: (name) => sourceStream(sourceNamed(catalog, name)),
      batch: (view) => definitions.batchStream(view),
    });
    this.parts = parts;
    this.log = log;
    this.writer = writer;
    this.ingest = new Ingest(writer, schemas, clock);
    this.loader = new Loader({ engine, files, bulk, clock });
    this.computer = new Computer({
      engine,
      store: offline,
      write: (session, load) => bulk.write(session, load),
      clock,
    });
    this.archiver = new Archiver({ engine, log, registry, files, bulk, schemas });
    this.fold = new Fold(log, online, schemas);
    this.materializer = new Materializer({ store: online, fold: this.fold, history, clock, cut: () => writer.cut() });
  }

  /** Finishes what an earlier process left unfinished, and starts folding. */
  static async open(
    parts: StoreParts,
    log: EventLog,
    offline: OfflineStore,
    schemas: StreamSchemas,
    definitions: Definitions,
  ): Promise<Writing> {
    const { registry, clock } = parts;
    let added = false;
    for (const stream of definitions.loggedStreams()) added = schemas.add(stream) || added;
    if (added) await registry.setNote(SCHEMAS, JSON.stringify(schemas));
    const writer = await LogWriter.open(log, clock, {
      read: async () => {
        const note = await registry.note(RESERVE);
        return note === null ? null : Number(note);
      },
      write: (until) => registry.setNote(RESERVE, String(until)),
    });
    const writing = new Writing(parts, log, writer, offline, schemas, definitions);
    await writing.archiver.recover();
    await writing.fold.open();
    await writing.materializer.follow(await definitions.appliedViews());
    writing.fold.wake();
    return writing;
  }

  /** Brings everything accepted into the stores, and gives the log back. */
  async close(recorder: RunRecorder): Promise<void> {
    try {
      await this.fold.settled();
      const { archived } = await this.parts.registry.offlineState();
      if (this.log.end - archived >= ARCHIVE_RECORDS) await this.archive(recorder);
      await this.parts.online.flushed();
      await this.writer.close();
    } finally {
      await this.log.close();
    }
  }

  /** Moves the log into Parquet, and drops what nobody needs any more. */
  private async archive(recorder: RunRecorder): Promise<void> {
    const { fold } = this;
    await recorder.record(
      "archive",
      "log",
      "offline store",
      async (id) => {
        const { position } = await this.writer.cut();
        await this.parts.online.flushed();
        return this.archiver.archive(`archive-${id}`, position, () =>
          Math.min(fold.position, ...fold.views.building.map(({ loads }) => loads)),
        );
      },
      (outcome) => ({ rows: outcome.records, bytes: outcome.bytes, details: outcome }),
    );
  }
}

import { isServedStream } from "../core/definition/stream.ts";
import { OneByOne } from "../core/one-by-one.ts";
import { sourcesIn } from "../core/plan/source-change.ts";
import type { SharedOrAlone } from "../core/shared-or-alone.ts";
import type { Compactor } from "../stages/ingest/compact.ts";
import type { LogWriter } from "../stages/ingest/log-writer.ts";
import { keptOf, type Retention } from "../stages/ingest/retention.ts";
import type { RetiredFiles } from "../stages/ingest/retired-files.ts";
import type { RunRecorder } from "../stages/registry/run-recorder.ts";
import type { StoreParts } from "./store-parts.ts";

interface Wired {
  readonly parts: StoreParts;
  readonly writer: LogWriter;
  readonly recorder: RunRecorder;
  readonly upkeep: SharedOrAlone;
  readonly retention: Retention;
  readonly compactor: Compactor;
  readonly retired: RetiredFiles;
}

/** Keeps the files of history few, and no longer than they are to be kept. */
export class Tidying {
  private readonly wired: Wired;
  private readonly oneByOne = new OneByOne();
  private aside: Promise<unknown> = Promise.resolve();

  constructor(wired: Wired) {
    this.wired = wired;
  }

  /**
   * Drops days that are not kept any more, and merges small files, where there are many; one at a time, as none may take
   * the files of another. What cannot be done now is done another time, and a failure is on record with its run: whatever is
   * followed by this is done all the same.
   */
  async now(): Promise<void> {
    const work = async (): Promise<void> => {
      await this.dropDays();
      await this.mergeFiles();
    };
    await this.wired.upkeep.shared(() => this.oneByOne.run(work)).catch(() => {});
  }

  /** Does so aside. */
  soon(): void {
    this.aside = this.aside.then(() => this.now());
  }

  /** Resolves once what was to be done aside is done. */
  async settled(): Promise<void> {
    await this.aside;
  }

  /** By the retention of sources as it is applied: what is defined otherwise now may be only looked at. */
  private async dropDays(): Promise<void> {
    const { parts, retention, retired, recorder, writer } = this.wired;
    const { definitions } = await parts.registry.revision();
    const kept = sourcesIn(definitions).flatMap((source) => keptOf(source) ?? []);
    const { servedRetention } = parts;
    if (servedRetention !== null)
      for (const stream of await this.servedStreams())
        kept.push({ stream, retention: servedRetention, withdrawals: null });
    if (kept.length === 0) return;
    const { t } = await writer.cut();
    const expired = await retention.expired(kept, t);
    if (expired.length === 0) return;
    await retired.clear();
    for (const one of expired)
      await recorder.record(
        "retention",
        one.kept.stream,
        "offline store",
        () => retention.drop(one, t),
        (outcome) => ({ rows: outcome.rows, bytes: outcome.bytes, details: outcome }),
      );
  }

  /** What was served by models, those too that are not defined any more. */
  private async servedStreams(): Promise<ReadonlySet<string>> {
    const files = await this.wired.parts.registry.files();
    return new Set(files.map(({ stream }) => stream).filter(isServedStream));
  }

  private async mergeFiles(): Promise<void> {
    const { compactor, retired, recorder } = this.wired;
    const candidates = await compactor.candidates();
    if (candidates.length === 0) return;
    await retired.clear();
    await recorder.record(
      "compact",
      "history",
      "offline store",
      (id) => compactor.compact(`compact-${id}`, candidates),
      (outcome) => ({ rows: outcome.rows, bytes: outcome.bytes, details: outcome }),
    );
  }
}

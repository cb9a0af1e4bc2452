import { sourceStream } from "../core/definition/stream.ts";
import type { HistoryFilter, HistoryRow } from "../core/result/history.ts";
import type { ComputeOutcome, MaterializeOutcome } from "../core/result/outcomes.ts";
import type { WorkOptions } from "../core/result/progress.ts";
import { readHistory } from "../stages/offline/read-history.ts";
import type { OpenStore } from "./open-store.ts";

const OFFLINE = "offline store";
const ONLINE = "online store";

/** Steps 2 and 4: batch features into the offline store, the present into the online store. */
export class Computing {
  private readonly store: OpenStore;

  constructor(store: OpenStore) {
    this.store = store;
  }

  async compute(names?: readonly string[], options: WorkOptions = {}): Promise<ComputeOutcome[]> {
    const writing = this.store.writing();
    const { computer, writer } = writing;
    const { catalog } = this.store.parts;
    const outcomes: ComputeOutcome[] = [];
    for (const view of this.store.definitions.batchViews(names)) {
      await this.store.definitions.mustBeApplied(view.name);
      const stream = this.store.definitions.batchStream(view);
      const compute = (id: number, heard: (options: WorkOptions) => WorkOptions): Promise<ComputeOutcome> =>
        computer.compute({ ...heard(options), catalog, view, stream, id: `compute-${id}`, cut: () => writer.cut() });
      outcomes.push(
        await writing.upkeep.shared(() =>
          this.store.recorder.record("compute", view.name, OFFLINE, compute, (outcome) => ({
            rows: outcome.rows,
            bytes: outcome.bytes,
            details: outcome,
          })),
        ),
      );
    }
    await writing.tidying.now();
    return outcomes;
  }

  async history(name: string, filter: HistoryFilter): Promise<HistoryRow[]> {
    const { catalog, engine, log, refresh } = this.store.parts;
    await refresh();
    const source = catalog.sources.get(name);
    const stream =
      source === undefined
        ? this.store.definitions.batchStream(this.store.definitions.batchViews([name])[0])
        : sourceStream(source);
    return this.store.undisturbed(() => readHistory(engine, this.store.offline, stream, log.end, filter));
  }

  async materialize(names?: readonly string[], options: WorkOptions = {}): Promise<MaterializeOutcome[]> {
    const { materializer, upkeep } = this.store.writing();
    const all = await this.store.definitions.followedViews();
    const outcomes: MaterializeOutcome[] = [];
    for (const { name } of this.store.definitions.storedViews(names)) {
      await this.store.definitions.mustBeApplied(name);
      const view = all.find((one) => one.view.name === name)!;
      outcomes.push(
        await upkeep.shared(() =>
          this.store.recorder.record(
            "materialize",
            name,
            ONLINE,
            (_id, heard) => materializer.materialize(view, all, heard(options)),
            (outcome) => ({ rows: outcome.keys, bytes: outcome.bytes, details: outcome }),
          ),
        ),
      );
    }
    return outcomes;
  }
}

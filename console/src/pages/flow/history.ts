import type { Run } from "../../api/answers.ts";

/** What there was after a run, as far as runs record it. */
export interface Snapshot {
  /** The run that led here; null at the start. */
  readonly run: Run | null;
  readonly loaded: number;
  readonly archived: number;
  /** Rows of batch features in the offline store. */
  readonly batchRows: number;
  /** Views by name that were materialized, and the keys written last. */
  readonly online: ReadonlyMap<string, number>;
  /** Records that a replay sent through the log. */
  readonly streamed: number;
  readonly model: {
    readonly name: string;
    readonly version: number;
    readonly promoted: boolean;
    readonly auc: number | null;
  } | null;
}

const NOTHING: Snapshot = {
  run: null,
  loaded: 0,
  archived: 0,
  batchRows: 0,
  online: new Map(),
  streamed: 0,
  model: null,
};

/** What there was at the start, and after each run that succeeded, in the order they ended. */
export function snapshotsOf(runs: readonly Run[]): readonly Snapshot[] {
  const ended = runs
    .filter(({ state }) => state === "succeeded")
    .toSorted((a, b) => (a.endedAt! < b.endedAt! ? -1 : a.endedAt! > b.endedAt! ? 1 : a.id - b.id));
  const all = [NOTHING];
  for (const run of ended) all.push(after(all.at(-1)!, run));
  return all;
}

function after(last: Snapshot, run: Run): Snapshot {
  const next = { ...last, run };
  const rows = run.rows ?? 0;
  switch (run.kind) {
    case "load":
      return { ...next, loaded: last.loaded + rows };
    case "archive":
      return { ...next, archived: last.archived + rows };
    case "compute":
      return { ...next, batchRows: last.batchRows + rows };
    case "materialize":
      return {
        ...next,
        online: new Map([...last.online, [run.target, Math.max(rows, last.online.get(run.target) ?? 0)]]),
      };
    case "replay":
      return { ...next, streamed: last.streamed + rows };
    case "train": {
      const { version, promoted, metrics } = run.details as {
        version?: number;
        promoted?: boolean;
        metrics?: { auc?: number | null };
      };
      return {
        ...next,
        model: {
          name: run.target,
          version: version ?? 0,
          promoted: promoted ?? false,
          auc: metrics?.auc ?? null,
        },
      };
    }
    default:
      return next;
  }
}

/** The steps of the tracker, each with the kinds of runs that complete it. */
export const steps = [
  { name: "Start", kinds: null },
  { name: "After step 1", says: "ingest", kinds: ["load"] },
  { name: "After step 2", says: "compute", kinds: ["compute"] },
  { name: "After step 3", says: "train", kinds: ["train"] },
  { name: "After step 4", says: "materialize", kinds: ["materialize"] },
] as const;

/**
 * For each step the last of the uninterrupted first runs of its kind among the first `until` snapshots: what there was
 * once it was done for the first time. Null where it was not done by then.
 */
export function afterSteps(snapshots: readonly Snapshot[], until: number): readonly (Snapshot | null)[] {
  return steps.map(({ kinds }) => {
    if (kinds === null) return snapshots[0];
    const is = (snapshot: Snapshot | undefined): boolean =>
      (kinds as readonly string[]).includes(snapshot?.run?.kind ?? "");
    let place = snapshots.findIndex(is);
    if (place < 0 || place > until) return null;
    while (place < until && is(snapshots[place + 1])) place++;
    return snapshots[place];
  });
}

/** A change of a file of the engine: what stands there once, and what stands there instead. */
export type Edit = readonly [file: string, right: string, wrong: string];

export interface Fault {
  readonly what: string;
  /** Of courses of which the first meets it; 16 where it is not said. */
  readonly seed?: number;
  /** Whether the engine may notice for itself that something is amiss, and throw. */
  readonly throws?: boolean;
  readonly edits: readonly Edit[];
}

const tail = "-Infinity : floorTo(t - window.offset - window.length, window.hop)";

const exactly = "if (t - lo === e && t - e === lo) {\n      this.#hi = s;\n      this.#lo = t;\n";
const rounded = "if (x - x === 0) {\n      this.#hi = s;\n      this.#lo = 0;\n";

/** Faults that feature stores have had. */
export const faults: readonly Fault[] = [
  {
    what: "a strict tail: what happened at a window's very start does not count",
    seed: 3,
    edits: [["core/time/window.ts", tail, `${tail} + 1`]],
  },
  {
    what: "a tail that is off by a hop",
    edits: [["core/time/window.ts", tail, `${tail} + window.hop`]],
  },
  {
    what: "a join that is blind to arrival",
    edits: [
      [
        "stages/offline/record-reader.ts",
        "`greatest(r.${EVENT}, r.${AVAILABLE})`})",
        "`greatest(r.${EVENT}, r.${EVENT})`})",
      ],
    ],
  },
  {
    what: "the reader's clock as the moment of an answer",
    seed: 14,
    edits: [
      [
        "stages/ingest/log-writer.ts",
        "if (this.underWay > 0 || folded !== this.log.end) return null;",
        "if (this.underWay > 0) return null;",
      ],
      [
        "stages/serving/feature-reader.ts",
        "present !== null && (meta === null || meta.position === position) ?",
        "present !== null ?",
      ],
    ],
  },
  {
    what: "records that are not yet due, released by the timer that folds and not by the reader's moment",
    seed: 14,
    edits: [
      [
        "core/tile/stored-reading.ts",
        "if (isVisible(record, t)) this.add(record);",
        "if (isVisible(record, 0)) this.add(record);",
      ],
    ],
  },
  {
    what: "records that are not yet due, let into tiles at once",
    edits: [
      [
        "core/tile/key-state.ts",
        "if (isVisible(record, watermark)) this.addToTiles(layout, record, starts);\n      else this.pending.push(record);",
        "this.addToTiles(layout, record, starts);",
      ],
      [
        "stages/online/view-batch.ts",
        "if (!isVisible(record, watermark)) key.state!.pending.push(record);\n      else if",
        "if",
      ],
    ],
  },
  {
    what: "a batch row that is there from its day's start",
    seed: 3,
    edits: [
      [
        "stages/offline/compute.ts",
        "`${EVENT} + to_microseconds(${view.delay})`",
        "`${EVENT} - INTERVAL 1 DAY + to_microseconds(${view.delay})`",
      ],
    ],
  },
  {
    what: "sums of doubles, rounded at each step",
    seed: 8,
    edits: [
      [
        "core/aggregation/exact-sum.ts",
        `${exactly}    } else this.#addSlowly(x, 1);`,
        `${rounded}    } else this.#addSlowly(x, 1);`,
      ],
      [
        "core/aggregation/exact-sum.ts",
        `${exactly}    } else if (x - x === 0) this`,
        `${rounded}    } else if (x - x === 0) this`,
      ],
    ],
  },
  {
    what: "a sketch that collapses its lowest buckets, and from which values are removed",
    seed: 1,
    throws: true,
    edits: [
      [
        "core/aggregation/quantile-sketch.ts",
        "this.#total += times;\n    const at",
        "this.#total += times;\n    if (this.#buckets.length > 4) {\n      this.#buckets.shift();\n" +
          "      const lowest = this.#counts.shift()!;\n      this.#counts[0] += lowest;\n    }\n    const at",
      ],
    ],
  },
  {
    what: "ties that the order of a load breaks",
    seed: 5,
    edits: [
      [
        "core/aggregation/order-key.ts",
        "compareBytes(a.key.bytes, b.key.bytes) ||\n    compareValues(a.value, b.value)",
        "0",
      ],
    ],
  },
  {
    what: "a key of which everything is evicted, answered as one that is not found",
    edits: [
      [
        "stages/serving/aggregate-use.ts",
        "const status = overflowing.some(",
        'const status = this.found === null ? "NOT_FOUND" : overflowing.some(',
      ],
    ],
  },
  {
    what: "a retraction that history forgets",
    edits: [
      [
        "stages/offline/offline-store.ts",
        "if (withdrawals !== undefined && withdrawn.files.length + withdrawn.tail.length > 0) {",
        "if (withdrawals !== undefined && withdrawn.files.length < 0) {",
      ],
    ],
  },
  {
    what: "a retraction that the online store forgets",
    edits: [["stages/online/log-batch.ts", "} else if (kind === ENTRY.withdrawals) {", "} else if (kind < 0) {"]],
  },
  {
    what: "a retraction that a reading with what is known now forgets",
    edits: [
      [
        "stages/offline/hindsight.ts",
        "`(${WITHDRAWN} IS NULL OR ${WITHDRAWN} >= ${at})`",
        "`(${WITHDRAWN} IS NULL OR ${WITHDRAWN} <= ${at})`",
      ],
    ],
  },
  {
    what: "files merged as if all of their rows had come with one load",
    seed: 10,
    edits: [
      [
        "stages/ingest/compact.ts",
        "coalesce(${POSITION}, ${position}) AS",
        "coalesce(${POSITION}, ${group[0].position}) AS",
      ],
    ],
  },
  {
    what: "acknowledged records that a restart drops",
    seed: 10,
    edits: [["stages/ingest/log-rows.ts", "if (held > 0) yield", "if (held < 0) yield"]],
  },
  {
    what: "files left out that straddle the start of what is asked about",
    edits: [
      [
        "stages/offline/offline-store.ts",
        "file.maxEvent >= since &&\n      file.minEvent < until;",
        "file.minEvent >= since &&\n      file.minEvent < until;",
      ],
    ],
  },
];

import { AsofError } from "../../../core/errors.ts";
import type { FeatureType } from "../../../core/aggregation/feature-type.ts";
import type { FeatureAnswer } from "../../../core/result/answers.ts";
import { formatTimestamp } from "../../../core/time/timestamp.ts";
import { type ArrowColumn, arrowData, type ArrowPackage, textData } from "./arrow-data.ts";

export const ARROW_STREAM = "application/vnd.apache.arrow.stream";

/** The package, which is optional: it is eleven megabytes that most servers never use. @throws ASOF_NOT_ACCEPTABLE */
export async function loadArrow(): Promise<ArrowPackage> {
  try {
    return await import("apache-arrow");
  } catch (cause) {
    throw new AsofError(
      "ASOF_NOT_ACCEPTABLE",
      "the server has no Arrow: apache-arrow is not installed beside it",
      {},
      cause,
    );
  }
}

/**
 * The features of rows as an Arrow IPC stream of one batch: a column for each feature, and for each view by its alias
 * `alias.status` and `alias.event_time`. What all rows share is in the schema's metadata: `service`, `t`, `knowledge`,
 * `knownAt`, `loads`.
 */
export function arrowAnswer(
  arrow: ArrowPackage,
  service: string,
  types: Readonly<Record<string, FeatureType>>,
  answers: readonly FeatureAnswer[],
): Uint8Array {
  const [first] = answers;
  const columns: (readonly [name: string, data: ArrowColumn])[] = [
    ...Object.entries(types).map(
      ([name, type]) =>
        [
          name,
          arrowData(
            arrow,
            type,
            answers.map(({ values }) => values[name] ?? null),
          ),
        ] as const,
    ),
    ...Object.keys(first.statuses).flatMap((alias) => {
      const times = answers.map(({ eventTimes }) => eventTimes[alias] ?? null);
      return [
        [
          `${alias}.status`,
          textData(
            arrow,
            answers.map(({ statuses }) => statuses[alias]),
          ),
        ] as const,
        [`${alias}.event_time`, arrowData(arrow, { kind: "timestamp", nullable: true }, times)] as const,
      ];
    }),
  ];
  const schema = new arrow.Schema(
    columns.map(([name, { type }]) => new arrow.Field(name, type, true)),
    new Map([
      ["service", service],
      ["t", formatTimestamp(first.t)],
      ["knowledge", first.knowledge],
      ...(first.knownAt === undefined ? [] : ([["knownAt", formatTimestamp(first.knownAt)]] as const)),
      ["loads", JSON.stringify(first.loads)],
    ]),
  );
  const data = arrow.makeData({
    type: new arrow.Struct(schema.fields),
    length: answers.length,
    nullCount: 0,
    children: columns.map(([, column]) => column),
  });
  return arrow.tableToIPC(new arrow.Table([new arrow.RecordBatch(schema, data)]), "stream");
}

import type { AggregateViewDefinition } from "../definition/data.ts";
import type { Fields, Value } from "../schema/data-type.ts";
import { interpret } from "./expression-interpreter.ts";
import {
  naiveBounds,
  naiveEventTime,
  naiveKnows,
  naiveResult,
  naiveVisible,
  naiveWindows,
  type OracleArgument,
  type OracleRecord,
  type OracleValue,
  recordOrder,
} from "./naive.ts";

/** A record and the log entry of the load it came with; null where it was streamed. */
export interface LoadedRecord extends OracleRecord {
  readonly load: number | null;
}

/** What an aggregate view answers; undefined stands for a feature that the oracle does not know. */
export interface KeyAnswer {
  readonly features: readonly (OracleValue | undefined)[];
  readonly eventTime: number | null;
}

/**
 * `naiveView` for one key of which much is asked: expressions are interpreted once a record, not once a question. Each
 * question still looks at every record of the key.
 */
export class KeyHistory {
  private readonly view: AggregateViewDefinition;
  private readonly fields: Fields;
  private readonly records: LoadedRecord[] = [];
  private readonly compare: (a: OracleRecord, b: OracleRecord) => number;
  /** The records in their order; null until it is asked for. */
  private order: number[] | null = null;
  /** By feature what the records give; null where a record is left out. */
  private readonly arguments: readonly (OracleArgument | null)[][];
  private readonly distinct: readonly {
    readonly feature: AggregateViewDefinition["features"][number];
    readonly values: (OracleArgument | null)[];
  }[];

  constructor(view: AggregateViewDefinition, fields: Fields) {
    this.view = view;
    this.fields = fields;
    this.compare = recordOrder(fields, view.order ?? null);
    const byText = new Map<string, KeyHistory["distinct"][number]>();
    this.arguments = view.features.map((feature) => {
      const text = JSON.stringify([feature.of, feature.where, feature.per]);
      let found = byText.get(text);
      if (found === undefined) byText.set(text, (found = { feature, values: [] }));
      return found.values;
    });
    this.distinct = [...byText.values()];
  }

  add(record: LoadedRecord): void {
    const { fields } = this;
    this.records.push(record);
    this.order = null;
    for (const { feature, values } of this.distinct) {
      const counts = feature.where === null || interpret(feature.where, fields, record.row) === true;
      const { of, per } = feature;
      values.push(
        counts
          ? {
              key: per === undefined ? null : interpret(per, fields, record.row),
              value: of === null ? true : interpret(of, fields, record.row),
            }
          : null,
      );
    }
  }

  /** Every feature at t over what was streamed and the loads below a position. */
  answer(t: number, loads: number): KeyAnswer {
    this.order ??= this.records.map((_, i) => i).sort((a, b) => this.compare(this.records[a], this.records[b]));
    const visible = this.order.filter((i) => {
      const record = this.records[i];
      return naiveVisible(record, t) && (record.load === null || record.load < loads);
    });
    return {
      features: this.view.features.map((feature, f) => {
        if (!naiveKnows(feature.aggregation)) return undefined;
        const values = naiveWindows(feature).map((window) => {
          const { start, end } = naiveBounds(window, t);
          return naiveResult(feature.aggregation, this.within(visible, f, start, end));
        });
        return feature.series === undefined ? values[0] : (values as Value[]);
      }),
      eventTime: naiveEventTime(
        this.view,
        visible.map((i) => this.records[i]),
        t,
      ),
    };
  }

  /** What those records that happened in [start, end) give to a feature. */
  private within(visible: readonly number[], feature: number, start: bigint | null, end: bigint): OracleArgument[] {
    const [since, until] = [start === null ? -Infinity : Number(start), Number(end)];
    const values: OracleArgument[] = [];
    for (const i of visible) {
      const { event } = this.records[i];
      const value = this.arguments[feature][i];
      if (event >= since && event < until && value !== null) values.push(value);
    }
    return values;
  }
}

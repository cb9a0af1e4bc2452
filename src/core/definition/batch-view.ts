import { AsofError } from "../errors.ts";
import type { Fields, RowOf } from "../schema/data-type.ts";
import { type DurationText, parseDuration } from "../time/duration.ts";
import type { BatchViewDefinition, Description } from "./data.ts";
import type { Entity } from "./entity.ts";
import type { EventSource } from "./event-source.ts";
import { freeze } from "./freeze.ts";
import { checkFieldNames, checkName } from "./name.ts";
import { makeView, type View } from "./view.ts";

/** What a batch view gives: any of it is null where there is no row. */
type BatchFeatures<F extends Fields> = { readonly [P in keyof F]: RowOf<F>[P] | null };

export interface BatchViewOptions<K extends Fields, F extends Fields> extends Description {
  readonly entity: Entity<K>;
  /** The sources that the query reads. */
  readonly sources: readonly EventSource[];
  /**
   * A query over sources by their names, each with its fields and the timestamps `event_time` and `available_time`.
   * It gives the entity's keys, the features and the event time, and may use only records that were available before
   * a row's event time.
   */
  readonly sql: string;
  readonly features: F;
  /** The column that holds the end of what a row covers: a timestamp. */
  readonly eventTime: string;
  /** How long after its event time a row is served. Default: for ever. */
  readonly ttl?: DurationText;
  /** How long after its event time a row usually is there: what a backfill assumes. Default "0s". */
  readonly delay?: DurationText;
  /**
   * How far before its event time a row's query reads at the most. Needed where a source has a retention: once days of
   * it are dropped, rows whose records are all held are computed as before, and earlier rows stay as they are.
   */
  readonly lookback?: DurationText;
}

/** Declares features that a query computes over history. @throws ASOF_DEFINITION */
export function batchView<const N extends string, K extends Fields, const F extends Fields>(
  name: N,
  options: BatchViewOptions<K, F>,
): View<N, K, BatchFeatures<F>> {
  const { entity, sources, sql, features, eventTime, ttl, delay = "0s", lookback, ...about } = options;
  checkName("a view", name);
  checkFieldNames(`view ${name}`, Object.keys(features));
  checkFieldNames(`view ${name}`, [...Object.keys(features), ...Object.keys(entity.keys), eventTime]);
  if (Object.hasOwn(entity.keys, eventTime))
    throw new AsofError("ASOF_DEFINITION", `view ${name}: the key ${eventTime} cannot be the event time too`, {
      view: name,
      field: eventTime,
    });
  for (const column of [...Object.keys(entity.keys), eventTime])
    if (Object.hasOwn(features, column))
      throw new AsofError(
        "ASOF_DEFINITION",
        `view ${name}: ${column} is a key or the event time and cannot be a feature too`,
        {
          view: name,
          field: column,
        },
      );
  const definition: BatchViewDefinition = freeze({
    kind: "batchView",
    name,
    entity: entity.definition.name,
    sql: sql.trim(),
    reads: sources.map((source) => source.definition.name).sort(),
    features,
    eventTime,
    ttl: ttl === undefined ? null : parseDuration(ttl),
    delay: parseDuration(delay),
    ...(lookback === undefined ? {} : { lookback: parseDuration(lookback) }),
    ...about,
  });
  return makeView(definition, entity.keys, Object.keys(features));
}

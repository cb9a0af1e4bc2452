import { canonicalize } from "../../core/codec/canonicalize.ts";
import { canonicalKey, namingFields } from "../../core/codec/key-text.ts";
import type { StreamRecord } from "../../core/codec/record-batch.ts";
import type { AggregateViewDefinition, SourceDefinition } from "../../core/definition/data.ts";
import { defaultsOf } from "../../core/definition/defaults.ts";
import { AsofError } from "../../core/errors.ts";
import { recordMaker, valuesReader } from "../../core/record-maker.ts";
import { compileRow } from "../../core/expression/compile.ts";
import type { Row, Value } from "../../core/schema/data-type.ts";
import { ContributionCheck } from "../../core/tile/contribution-check.ts";
import { formatDuration } from "../../core/time/duration.ts";
import { formatTimestamp, type Timestamp } from "../../core/time/timestamp.ts";
import type { SourceIdentity } from "./source-identity.ts";

/**
 * Compiles what decides whether records of a source are accepted: every declared field of its type, no other, an
 * event time that is no further ahead of `now` than the source tolerates, and nothing that a view over the source
 * cannot take. All of a batch or none: the error names the first bad record by its index.
 * @throws AsofError ASOF_UNKNOWN_FIELD, ASOF_MISSING_FIELD, ASOF_TYPE, ASOF_OVERFLOW, ASOF_FUTURE …
 */
export function acceptor(
  source: SourceDefinition,
  views: readonly AggregateViewDefinition[],
): (records: readonly unknown[], now: Timestamp) => StreamRecord[] {
  const names = Object.keys(source.fields);
  const types = names.map((name) => source.fields[name]);
  const known = new Set(names);
  const valuesOf = valuesReader<unknown>(names);
  const rowOf = recordMaker<Value>(names);
  const defaults = defaultsOf(source);
  const naming = namingFields(source, views);
  const readers = names.map((name) => (naming.has(name) ? canonicalKey : canonicalize));
  const hasDefault = names.map((name) => Object.hasOwn(defaults, name));
  const eventTime = compileRow(source.eventTime, source.fields);
  const contributions = new ContributionCheck(views, source.fields);

  const unknown = (field: string): AsofError =>
    new AsofError("ASOF_UNKNOWN_FIELD", `source ${source.name} has no field ${field}; it has ${names.join(", ")}`, {
      source: source.name,
      field,
    });

  const accept = (record: unknown, now: Timestamp): StreamRecord => {
    if (typeof record !== "object" || record === null || Array.isArray(record))
      throw new AsofError("ASOF_TYPE", `a record must be an object with the fields ${names.join(", ")}`, {
        source: source.name,
      });
    const given = Object.keys(record);
    for (let i = 0; i < given.length; i++) if (given[i] !== names[i] && !known.has(given[i])) throw unknown(given[i]);
    const values = valuesOf(record as Readonly<Record<string, unknown>>);
    for (let i = 0; i < names.length; i++) {
      const value = values[i];
      values[i] = value === undefined && hasDefault[i] ? defaults[names[i]] : readers[i](types[i], value, names[i]);
    }
    const row = rowOf(values as Value[]);
    const event = eventTime(row);
    if (typeof event !== "number")
      throw new AsofError("ASOF_MISSING_FIELD", `source ${source.name}: the record's event time is null`, {
        source: source.name,
      });
    if (event > now + source.tolerance)
      throw new AsofError(
        "ASOF_FUTURE",
        `source ${source.name}: the record is of ${formatTimestamp(event)}, more than ${formatDuration(source.tolerance)} ahead of ${formatTimestamp(now)}`,
        { source: source.name, event: formatTimestamp(event), now: formatTimestamp(now) },
      );
    contributions.row(row);
    return { event, row };
  };

  return (records, now) => {
    if (records.length === 0)
      throw new AsofError("ASOF_EMPTY", `no records for source ${source.name}`, { source: source.name });
    return each(source.name, records, (record) => accept(record, now));
  };
}

/**
 * Checks ids of records that are to be withdrawn: the fields of the source's `id`, all of them and no other.
 * @throws AsofError ASOF_EMPTY, ASOF_UNKNOWN_FIELD, ASOF_MISSING_FIELD, ASOF_TYPE …, naming the first bad one by its index
 */
export function acceptIds({ source, fields }: SourceIdentity, ids: readonly unknown[]): Row[] {
  const names = Object.keys(fields);
  if (ids.length === 0) throw new AsofError("ASOF_EMPTY", `no ids for source ${source.name}`, { source: source.name });
  return each(source.name, ids, (id) => {
    if (typeof id !== "object" || id === null || Array.isArray(id))
      throw new AsofError("ASOF_TYPE", `an id must be an object with the fields ${names.join(", ")}`, {
        source: source.name,
      });
    for (const name of Object.keys(id))
      if (!Object.hasOwn(fields, name))
        throw new AsofError(
          "ASOF_UNKNOWN_FIELD",
          `${name} is not of the id of source ${source.name}: ${names.join(", ")}`,
          {
            source: source.name,
            field: name,
          },
        );
    return Object.fromEntries(names.map((name) => [name, canonicalKey(fields[name], (id as Row)[name], name)]));
  });
}

/** Does the same to each record of a request; an error names the record. */
function each<T>(source: string, records: readonly unknown[], one: (record: unknown) => T): T[] {
  return records.map((record, index) => {
    try {
      return one(record);
    } catch (error) {
      if (!(error instanceof AsofError) || records.length === 1) throw error;
      throw new AsofError(
        error.code,
        `record ${index}: ${error.message}`,
        { ...error.details, source, record: index },
        error,
      );
    }
  });
}

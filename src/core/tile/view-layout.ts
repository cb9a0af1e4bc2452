import {
  type AggregationSpec,
  type Algebra,
  algebraOf,
  type Contributed,
  type FeatureType,
  isCollection,
  outputType,
} from "../aggregation/aggregation.ts";
import { removable } from "../aggregation/removable.ts";
import { assert } from "../assert.ts";
import type { AggregateFeature, AggregateViewDefinition } from "../definition/data.ts";
import { canonicalJson } from "../definition/fingerprint.ts";
import { compileRow } from "../expression/compile.ts";
import { columnsOf, type Expression } from "../expression/tree.ts";
import { dataTypeOf } from "../expression/expression.ts";
import type { DataType, Fields, Row } from "../schema/data-type.ts";
import { type Window, windowStart } from "../time/window.ts";

/** One aggregation of one argument: what the windows of several features share. */
export interface Slot {
  readonly spec: AggregationSpec;
  readonly algebra: Algebra<unknown, Contributed>;
  /** That of tiles: it can remove where records can be withdrawn; else it is the same. */
  readonly tiled: Algebra<unknown, Contributed>;
  /** The argument; null where the record itself is what counts. */
  readonly of: Expression | null;
  readonly where: Expression | null;
  /** The type of the argument; null without one. */
  readonly input: DataType | null;
  /** What it is computed per, and its type; null where all records count alike. */
  readonly per: { readonly of: Expression; readonly type: DataType } | null;
}

/** Tiles of one width. A null hop is one tile for all of time. */
export interface Level {
  readonly hop: number | null;
  /** The slots that windows of this hop need. */
  readonly slots: readonly number[];
  readonly windows: readonly Window[];
}

export interface LayoutFeature {
  readonly name: string;
  readonly slot: number;
  readonly level: number;
  /** Where the slot stands among the slots of its level. */
  readonly place: number;
  /** That of a series is its farthest, oldest element's. */
  readonly window: Window;
  /** The windows of a series, the newest first; null where there is but one. */
  readonly elements: readonly Window[] | null;
  readonly type: FeatureType;
}

/** How an aggregate view is kept and computed: derived from its definition alone. */
export interface ViewLayout {
  readonly view: AggregateViewDefinition;
  readonly slots: readonly Slot[];
  readonly levels: readonly Level[];
  /** The view's features in the order of their definition, then `EVENT_TIME`. */
  readonly features: readonly LayoutFeature[];
  /** Fields of the source that arguments and conditions read. */
  readonly columns: readonly string[];
  /** Fields of the source that the order of records needs; null where none of the aggregations is ordered. */
  readonly orderColumns: readonly string[] | null;
}

/** The feature that every aggregate view has beside its own: the newest event since its farthest window's start. */
export const EVENT_TIME = "__event_time";

const EVENT: Expression = { op: "column", name: EVENT_TIME };

const TIMESTAMP: DataType = { kind: "timestamp", nullable: false };

/** Lays out an aggregate view over the fields of its source. */
export function layoutOf(view: AggregateViewDefinition, fields: Fields): ViewLayout {
  const slots: Slot[] = [];
  const slotIndex = new Map<string, number>();
  const slotFor = (
    spec: AggregationSpec,
    of: Expression | null,
    where: Expression | null,
    key: Expression | null,
  ): number => {
    const id = canonicalJson([spec, of, where, key]);
    const found = slotIndex.get(id);
    if (found !== undefined) return found;
    const input = of === null ? null : of === EVENT ? TIMESTAMP : dataTypeOf(of, fields);
    const per = key === null ? null : { of: key, type: dataTypeOf(key, fields) };
    slotIndex.set(id, slots.length);
    const algebra = algebraOf(spec, input, per?.type);
    const tiled = view.retractable === true ? removable(algebra, input) : algebra;
    return slots.push({ spec, algebra, tiled, of, where, input, per }) - 1;
  };

  const asked = view.features.map((feature) => {
    const elements = elementsOf(feature);
    return { ...feature, elements, window: elements === null ? feature.window : elements[elements.length - 1] };
  });
  const longest = asked.map((feature) => feature.window).reduce((a, b) => (reach(b) > reach(a) ? b : a));
  const whole = longest.length === null ? longest : { ...longest, length: longest.length + longest.offset, offset: 0 };
  const wanted = [
    ...asked,
    {
      name: EVENT_TIME,
      aggregation: { kind: "max" } as const,
      of: EVENT,
      where: null,
      per: undefined,
      window: whole,
      elements: null,
    },
  ].map((feature) => ({
    ...feature,
    slot: slotFor(feature.aggregation, feature.of, feature.where, feature.per ?? null),
  }));

  const hops = [...new Set(wanted.map(({ window }) => hopOf(window)))].sort(
    (a, b) => (a ?? Infinity) - (b ?? Infinity),
  );
  const levels = hops.map((hop): Level => {
    const here = wanted.filter(({ window }) => hopOf(window) === hop);
    return {
      hop,
      slots: [...new Set(here.map(({ slot }) => slot))].sort((a, b) => a - b),
      windows: here.map(({ window }) => window),
    };
  });
  const features = wanted.map(({ name, slot, window, elements }): LayoutFeature => {
    const level = hops.indexOf(hopOf(window));
    const { spec, input, per } = slots[slot];
    const single = outputType(spec, input, per?.type);
    return {
      name,
      slot,
      level,
      place: levels[level].slots.indexOf(slot),
      window,
      elements,
      type: elements === null ? single : seriesType(single),
    };
  });
  const columns = new Set(
    slots.flatMap(({ of, where, per }) => [
      ...(of === null || of === EVENT ? [] : columnsOf(of)),
      ...(where === null ? [] : columnsOf(where)),
      ...(per === null ? [] : columnsOf(per.of)),
    ]),
  );
  const ordered = slots.some(({ algebra }) => algebra.ordered);
  const orderColumns = ordered ? Object.keys(fields).sort() : null;
  return { view, slots, levels, features, columns: [...columns].sort(), orderColumns };
}

/** The type of a feature of a view over the fields of its source. */
export function featureTypeOf({ aggregation, of, per, series }: AggregateFeature, fields: Fields): FeatureType {
  const typed = (expression: Expression | null): DataType | null =>
    expression === null ? null : dataTypeOf(expression, fields);
  const single = outputType(aggregation, typed(of), typed(per ?? null));
  return series === undefined ? single : seriesType(single);
}

function seriesType(single: FeatureType): FeatureType {
  assert(!isCollection(single), "a series is of single values");
  return { kind: "list", of: single, nullable: false };
}

/** The windows of a series: element i lies i lengths before the first. */
function elementsOf({ window, series }: AggregateFeature): Window[] | null {
  if (series === undefined) return null;
  const { length } = window;
  assert(length !== null, "a series has steps");
  return Array.from({ length: series }, (_, i) => ({ ...window, offset: window.offset + i * length }));
}

/** True for the slot that aggregates the event time itself rather than a column of the source. */
export function isEventSlot(slot: Slot): boolean {
  return slot.of === EVENT;
}

/**
 * Compiles what a record contributes: for each slot its argument, `true` where the record itself counts, either under
 * its key where the slot has one, or null where it contributes nothing.
 */
export function compileContributions(layout: ViewLayout, fields: Fields): (row: Row, event: number) => Contributed[] {
  const parts = layout.slots.map((slot) => ({
    event: isEventSlot(slot),
    of: slot.of === null || isEventSlot(slot) ? null : compileRow(slot.of, fields),
    where: slot.where === null ? null : compileRow(slot.where, fields),
    per: slot.per === null ? null : compileRow(slot.per.of, fields),
  }));
  const contributed = ({ event, of, where, per }: (typeof parts)[number], row: Row, at: number): Contributed => {
    if (where !== null && where(row) !== true) return null;
    if (event) return at;
    const value = of === null ? true : of(row);
    if (per === null || value === null) return value;
    const key = per(row);
    return key === null ? null : { key, value };
  };
  return (row, event) => {
    const values: Contributed[] = [];
    for (let i = 0; i < parts.length; i++) values.push(contributed(parts[i], row, event));
    return values;
  };
}

/** The first event time that a level still needs at t. */
export function levelStart(level: Level, t: number): number {
  let start = Infinity;
  for (const window of level.windows) start = Math.min(start, windowStart(window, t));
  return start;
}

function hopOf(window: Window): number | null {
  return window.length === null ? null : window.hop;
}

function reach(window: Window): number {
  return window.length === null ? Infinity : window.length + window.offset;
}

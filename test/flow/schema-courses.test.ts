import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { aggregateView, count, entity, eventSource, featureService, last, lastN, max, min, sum, t } from "asof";
import { expect, test } from "vitest";
import type { AggregateViewDefinition } from "../../src/core/definition/data.ts";
import { naiveView, type OracleRecord } from "../../src/core/oracle/naive.ts";
import type { DataType, Fields, Kind, Row, Value } from "../../src/core/schema/data-type.ts";
import { open } from "../../src/open.ts";
import type { Store } from "../../src/store.ts";
import { sequence } from "../conformance/event-log-entries.ts";
import { setClock } from "./set-clock.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
const COURSES = Number(process.env["ASOF_COURSES"] ?? 4);
const STEPS = 18;
const MINUTE = 60_000_000;
const start = Date.UTC(2026, 0, 1) * 1000;
/** What a step does, by how often. */
const steps = ["load", "load", "ingest", "ingest", "change", "change", "change", "wrong", "again", "again"] as const;
const users = ["ann", "bob", "cyd"];
const user = entity("user", { user: t.string() });

/** The fields that stay; `n` may be widened. */
const base = { at: t.timestamp(), known: t.timestamp(), user: t.string(), amount: t.float64() };

/** What a source is at some time: its further fields, and what they have where records do not bring them. */
interface Shape {
  readonly fields: Readonly<Record<string, DataType>>;
  readonly defaults: Readonly<Record<string, Value>>;
}

/** A record as it was written: it has the fields of its time only. */
interface Written {
  readonly event: number;
  readonly available: number;
  readonly row: Row;
}

function definitionsOf(shape: Shape, isNamed: boolean) {
  const fields = { ...base, number: t.int64(), ...shape.fields };
  const source = eventSource("events", {
    fields,
    eventTime: "at",
    availableAt: "known",
    ...(Object.keys(shape.defaults).length === 0 ? {} : { defaults: shape.defaults }),
    ...(isNamed ? { id: ["number"] } : {}),
  });
  const view = (name: string, features: object) =>
    aggregateView(name, { source, entity: user, features: features as never });
  const stable = view("stable", {
    n: count().over("1h", "lifetime"),
    amount: sum("amount").over("1h", "lifetime"),
    most: max("amount").over("lifetime"),
  });
  const names = Object.keys(shape.fields);
  const numbers = names.filter((name) => shape.fields[name].kind !== "string");
  const ordered = view("ordered", {
    amounts: lastN("amount", 3).over("lifetime"),
    ...Object.fromEntries(names.map((name) => [`${name}_last`, last(name as never).over("lifetime")])),
  });
  const changing = view(
    "changing",
    Object.fromEntries(
      [...numbers, "amount"].flatMap((name) => [
        [`${name}_sum`, sum(name as never).over("lifetime")],
        [`${name}_min`, min(name as never).over("2h")],
      ]),
    ),
  );
  const all = { user, source, stable, ordered, changing };
  return { ...all, service: featureService("all", [stable, ordered, changing] as never) };
}

/** A record of a time as one of another, as the contract says: nothing is taken from how the store does it. */
function seen({ event, available, row }: Written, shape: Shape): OracleRecord {
  const fields: Fields = { ...base, number: t.int64(), ...shape.fields };
  const value = (name: string): Value => {
    if (!Object.hasOwn(row, name)) return shape.defaults[name] ?? null;
    return fields[name].kind === "int64" && typeof row[name] === "number" ? BigInt(row[name]) : row[name];
  };
  return { event, available, row: Object.fromEntries(Object.keys(fields).map((name) => [name, value(name)])) };
}

const wider: Partial<Record<Kind, readonly Kind[]>> = { int32: ["int64", "float64"] };

/** A generated course: records and changes of the source's fields, in whatever order. */
class Course {
  readonly written: Written[] = [];
  shape: Shape = { fields: { n: t.int32(), tag: t.nullable(t.string()) }, defaults: {} };
  /** What has been removed, as it was. */
  private readonly removed = new Map<string, { readonly type: DataType; readonly fallback: Value | undefined }>();
  private readonly next: () => number;
  private made = 0;
  private added = 0;

  constructor(next: () => number) {
    this.next = next;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** A record of the present shape; some leave out what has a default. */
  row(now: number): Record<string, Value> {
    const at = now - this.below(90) * MINUTE;
    const row: Record<string, Value> = {
      at,
      known: at + this.below(3) * MINUTE,
      user: users[this.below(users.length)],
      amount: this.below(4) / 3,
      number: BigInt(this.made++),
    };
    for (const [name, { kind, nullable }] of Object.entries(this.shape.fields)) {
      const small = this.below(5) - 2;
      if (nullable && this.below(3) === 0) row[name] = null;
      else if (kind === "string") row[name] = `s${small}`;
      else if (kind === "int64") row[name] = this.below(3) === 0 ? 2n ** 53n + BigInt(small) : BigInt(small);
      else row[name] = kind === "float64" ? small / 4 : small;
    }
    return row;
  }

  /** Another shape that the records allow. */
  change(): Shape {
    const { fields, defaults } = this.shape;
    const names = Object.keys(fields);
    const any = names[this.below(names.length)];
    switch (this.below(6)) {
      case 0: {
        if (names.length < 2) return this.change();
        const { [any]: type, ...rest } = fields;
        const { [any]: fallback, ...others } = defaults;
        this.removed.set(any, { type, fallback });
        return { fields: rest, defaults: others };
      }
      case 1: {
        const wide = wider[fields[any].kind];
        if (wide === undefined || Object.hasOwn(defaults, any)) return this.change();
        return { fields: { ...fields, [any]: { ...fields[any], kind: wide[this.below(2)] } }, defaults };
      }
      case 2: {
        const back = [...this.removed].find(() => this.below(2) === 0);
        if (back === undefined || names.length > 5) return this.change();
        const [name, { type, fallback }] = back;
        this.removed.delete(name);
        // Those that came while it was away do not have it.
        const nullable = fallback === undefined;
        const all = fallback === undefined ? defaults : { ...defaults, [name]: fallback };
        return { fields: { ...fields, [name]: { ...type, nullable } }, defaults: all };
      }
      default: {
        const name = `x${this.added++}`;
        const kinds: readonly Kind[] = ["int32", "float64", "string"];
        const kind = kinds[this.below(3)];
        if (this.below(2) === 0) return { fields: { ...fields, [name]: { kind, nullable: true } }, defaults };
        const fallback = kind === "string" ? "none" : 7;
        return {
          fields: { ...fields, [name]: { kind, nullable: false } },
          defaults: { ...defaults, [name]: fallback },
        };
      }
    }
  }

  /** A shape that they do not allow. */
  wrong(): Shape {
    const { fields, defaults } = this.shape;
    const names = Object.keys(fields);
    const any = names[this.below(names.length)];
    if (this.below(2) === 0) return { fields: { ...fields, lacking: t.int32() }, defaults };
    const kind = fields[any].kind === "string" ? "int32" : "string";
    const { [any]: _, ...others } = defaults;
    return { fields: { ...fields, [any]: { ...fields[any], kind } }, defaults: others };
  }
}

test(
  `${COURSES} courses of ${STEPS} steps with changes of fields give what the contract says (seed ${SEED})`,
  { timeout: 180_000 },
  async () => {
    const next = sequence(SEED);
    const counts = { changed: 0, refused: 0, compared: 0, unchanged: 0, repeated: 0 };
    for (let number = 0; number < COURSES; number++) {
      const folder = mkdtempSync(path.join(tmpdir(), "asof-schema-course-"));
      const course = new Course(next);
      const isNamed = number % 2 === 1;
      let now = start;
      const clock = setClock(
        () => now,
        (to) => (now = to),
        MINUTE,
      );
      let store: Store | null = null;
      const reopen = async (shape: Shape): Promise<Store> => {
        await store?.close();
        // Some archive their log and drop it as they close.
        const options = { clock, archiveFrom: course.below(2) === 0 ? 1 : 20_000 };
        const definitions = definitionsOf(shape, isNamed);
        return (store = await open({ definitions, home: path.join(folder, "home"), audit: false }, options));
      };
      const compare = async (where: string): Promise<void> => {
        const { source, ...definitions } = definitionsOf(course.shape, isNamed);
        const records = course.written.map((one) => seen(one, course.shape));
        const online = await store!.features(
          "all",
          users.map((name) => ({ user: name })),
        );
        const offline = await store!.features(
          "all",
          users.map((name) => ({ user: name })),
          { at: online[0].t },
        );
        expect(
          offline.map(({ values }) => values),
          where,
        ).toEqual(online.map(({ values }) => values));
        for (const [i, name] of users.entries())
          for (const alias of ["stable", "ordered", "changing"] as const) {
            const view = definitions[alias].view as AggregateViewDefinition;
            const { features } = naiveView(view, source.definition.fields, records, { user: name }, online[i].t);
            const given = online[i].values as Readonly<Record<string, unknown>>;
            for (const [f, { name: feature }] of view.features.entries()) {
              expect(given[`${alias}__${feature}`], `${where}: ${alias}.${feature} of ${name}`).toEqual(features[f]);
              counts.compared++;
            }
          }
      };
      try {
        let opened = await reopen(course.shape);
        await opened.apply();
        await opened.materialize();
        for (let step = 0; step < STEPS; step++) {
          const where = `course ${number}, step ${step}, ${JSON.stringify(course.shape)}`;
          now += 5 * MINUTE;
          switch (steps[course.below(steps.length)]) {
            case "load": {
              const rows = Array.from({ length: 1 + course.below(6) }, () => course.row(now));
              // Of one moment, so that the whole record decides.
              if (course.below(2) === 0) for (const row of rows) Object.assign(row, { at: rows[0]["at"], known: now });
              const file = path.join(folder, `${step}.ndjson`);
              writeFileSync(
                file,
                rows
                  .map((row) => JSON.stringify(row, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v)))
                  .join("\n"),
              );
              await opened.load("events", [file]);
              await opened.materialize();
              for (const row of rows)
                course.written.push({ event: row["at"] as number, available: row["known"] as number, row });
              break;
            }
            case "ingest": {
              const rows = Array.from({ length: 1 + course.below(4) }, () => course.row(now));
              const sent = rows.map((row) => ({ ...row }));
              for (const [name, fallback] of Object.entries(course.shape.defaults))
                if (course.below(2) === 0)
                  for (const [i, row] of rows.entries()) {
                    row[name] = fallback;
                    delete sent[i][name];
                  }
              const { stamp } = await opened.ingest("events", sent);
              rows.forEach((row, i) => {
                const event = row["at"] as number;
                course.written.push({ event, available: Math.max(event, stamp + i), row });
              });
              break;
            }
            case "change": {
              if (course.written.length === 0) break;
              const shape = course.change();
              opened = await reopen(shape);
              const plan = await opened.plan();
              expect(
                plan.changes.filter(({ refused }) => refused !== null),
                where,
              ).toEqual([]);
              if (plan.changes.find(({ name }) => name === "stable")!.change === "unchanged") counts.unchanged++;
              await opened.apply();
              course.shape = shape;
              await opened.materialize();
              counts.changed++;
              break;
            }
            case "wrong": {
              if (course.written.length === 0) break;
              opened = await reopen(course.wrong());
              await expect(opened.apply(), where).rejects.toMatchObject({ code: "ASOF_SCHEMA_CHANGE" });
              counts.refused++;
              opened = await reopen(course.shape);
              break;
            }
            default: {
              opened = await reopen(course.shape);
              const again = course.written[course.below(course.written.length)];
              if (!isNamed || again === undefined) break;
              // Sent again in the shape of now, a record from before is still the same.
              const { row } = seen(again, course.shape);
              expect(await opened.ingest("events", [row]), where).toMatchObject({ accepted: 0, duplicates: 1 });
              counts.repeated++;
            }
          }
          await opened.settled();
          await compare(where);
        }
      } finally {
        await (store as Store | null)?.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }
    for (const [what, count] of Object.entries(counts)) expect(count, what).toBeGreaterThan(0);
    expect(counts.unchanged, "a view that reads no changed field keeps its state").toBe(counts.changed);
  },
);

import { sqlIdentifier } from "../../../core/expression/sql-text.ts";
import { formatDuration } from "../../../core/time/duration.ts";
import type {
  About,
  Imported,
  ImportedEntity,
  ImportedField,
  ImportedService,
  ImportedSource,
  ImportedUse,
  ImportedView,
} from "./model.ts";
import { Identifiers } from "./names.ts";
import type { ImportWarning } from "./warnings.ts";

/** Definitions as the text of a TypeScript module. */
export function writeDefinitions(
  imported: Imported,
  head: readonly string[],
  warnings: readonly ImportWarning[],
): string {
  const identifiers = new Identifiers();
  const called = new Map<object, string>();
  for (const [otherwise, all] of [
    ["View", imported.views],
    ["Service", imported.services],
    ["Entity", imported.entities],
    ["Source", imported.sources],
  ] as const)
    for (const one of all) called.set(one, identifiers.allot(one.name, otherwise));
  const ref = (one: object): string => called.get(one)!;
  const blocks = [
    ...imported.entities.map((entity) => `export const ${ref(entity)} = ${entityText(entity)};`),
    ...imported.sources.map((source) => `export const ${ref(source)} = ${sourceText(source)};`),
    ...imported.views.map(
      (view) => `export const ${ref(view)} = ${view.pushed ? pushedText(view, ref) : filesText(view, ref)};`,
    ),
    ...imported.services.map((service) => `export const ${ref(service)} = ${serviceText(service, ref)};`),
    ...imported.onDemandViews.map(({ name, code }) =>
      comment([`Left out: the on-demand view ${name}.`, ...code.split("\n")]),
    ),
  ];
  const remarks =
    warnings.length === 0
      ? []
      : ["", "What is not taken over as it is:", ...warnings.map((one) => `${one.code} ${one.message}`)];
  return [comment([...head, ...remarks]), importText(imported), ...blocks].join("\n\n") + "\n";
}

function comment(lines: readonly string[]): string {
  return lines
    .flatMap((line) => line.split(/\r\n|[\n\r\u2028\u2029]/))
    .map((line) => `// ${line}`.trimEnd())
    .join("\n");
}

function importText({ entities, views, services }: Imported): string {
  const [pushed, plain] = [views.some((view) => view.pushed), views.some((view) => !view.pushed)];
  const names = [
    ...(pushed ? ["aggregateView"] : []),
    ...(plain ? ["batchView"] : []),
    ...(entities.length > 0 ? ["entity", "eventSource"] : []),
    ...(services.length > 0 ? ["featureService"] : []),
    ...(pushed ? ["last"] : []),
    ...(entities.length > 0 ? ["t"] : []),
    ...(pushed ? ["window"] : []),
  ];
  return names.length === 0 ? "export {};" : `import { ${names.join(", ")} } from "asof";`;
}

function entityText(entity: ImportedEntity): string {
  const keys = [...entity.keys].map(([key, kind]) => `${key}: t.${kind}()`).join(", ");
  const about = aboutLines(entity);
  return `entity(${quoted(entity.name)}, { ${keys} }${about.length === 0 ? "" : `, ${object(about, 0)}`})`;
}

function sourceText({ name, fields, eventTime, order }: ImportedSource): string {
  const columns = fields
    .filter(({ column }) => column !== null)
    .map(({ name, column }) => `${name}: ${quoted(column!)}`);
  return `eventSource(${quoted(name)}, ${object(
    [
      `fields: ${object(
        fields.map(({ name, ...type }) => `${name}: ${typeText(type)}`),
        1,
      )}`,
      ...(columns.length === 0 ? [] : [`columns: { ${columns.join(", ")} }`]),
      `eventTime: ${quoted(eventTime)}`,
      `// As Feast takes it. Where rows were known later than that, say when: it keeps training from seeing the future.\n  availableAt: ${quoted(eventTime)}`,
      ...(order === null ? [] : [`order: ${quoted(order)}`]),
    ],
    0,
  )})`;
}

function typeText({ kind, nullable }: Pick<ImportedField, "kind" | "nullable">): string {
  return nullable ? `t.nullable(t.${kind}())` : `t.${kind}()`;
}

/** The newest row of each key and time, as of the microsecond after it: a row may hold only what was before its time. */
function filesText(view: ImportedView, ref: (one: object) => string): string {
  const { source, entity, features, ttl } = view;
  const keys = [...entity.keys.keys()];
  const fields = [...features.values()].map(({ field }) => field);
  const time = freeName("as_of", [...keys, ...fields]);
  const chosen = [...keys, ...fields].map(sqlIdentifier).join(", ");
  const at = sqlIdentifier(source.eventTime);
  const ranks = [...(source.order === null ? [] : [source.order]), ...fields];
  const newest = ranks.map((field) => `${sqlIdentifier(field)} DESC NULLS LAST`).join(", ");
  const sql = [
    `SELECT ${chosen}, ${at} + INTERVAL 1 MICROSECOND AS ${time}`,
    `FROM ${sqlIdentifier(source.name)}`,
    `QUALIFY row_number() OVER (PARTITION BY ${[...keys.map(sqlIdentifier), at].join(", ")} ORDER BY ${newest}) = 1`,
  ];
  return `batchView(${quoted(view.name)}, ${object(
    [
      `entity: ${ref(entity)}`,
      `sources: [${ref(source)}]`,
      `sql: \`\n    ${sql.join("\n    ")}\``,
      `features: ${object(
        [...features.values()].map(({ name, kind }) => `${name}: ${typeText({ kind, nullable: true })}`),
        1,
      )}`,
      `eventTime: ${quoted(time)}`,
      ...(ttl > 0 ? [`ttl: ${quoted(formatDuration(ttl))}`] : []),
      ...aboutLines(view),
    ],
    0,
  )})`;
}

/** Last values: what is pushed can be read at once. */
function pushedText(view: ImportedView, ref: (one: object) => string): string {
  const { source, entity, features, window } = view;
  const over = `window(${quoted(window.length)}, { name: "latest"${window.hop === null ? "" : `, hop: ${quoted(window.hop)}`} })`;
  return `aggregateView(${quoted(view.name)}, ${object(
    [
      `source: ${ref(source)}`,
      `entity: ${ref(entity)}`,
      `features: ${object(
        [...features.values()].map(
          ({ name, field }) => `${name.replace(/_latest$/, "")}: last(${quoted(field)}).over(${over})`,
        ),
        1,
      )}`,
      ...aboutLines(view),
    ],
    0,
  )})`;
}

function serviceText(service: ImportedService, ref: (one: object) => string): string {
  const uses = service.uses.map((use) => useText(use, ref));
  const about = aboutLines(service);
  return `featureService(${quoted(service.name)}, [\n${uses.map((use) => `  ${use},\n`).join("")}]${about.length === 0 ? "" : `, ${object(about, 0)}`})`;
}

function useText({ view, alias, inputs, features }: ImportedUse, ref: (one: object) => string): string {
  const select = features === null ? "" : `.select(${features.map(quoted).join(", ")})`;
  const renamed = [...view.entity.keys.keys()].some((key) => (inputs.get(key) ?? key) !== key);
  const map = [...view.entity.keys.keys()].map((key) => `${key}: ${quoted(inputs.get(key) ?? key)}`).join(", ");
  const as = alias === null && !renamed ? "" : `.as(${quoted(alias ?? view.name)}${renamed ? `, { ${map} }` : ""})`;
  return `${ref(view)}${select}${as}`;
}

function aboutLines({ description, owner, tags }: About): string[] {
  return [
    ...(description === null ? [] : [`description: ${quoted(description)}`]),
    ...(owner === null ? [] : [`owner: ${quoted(owner)}`]),
    ...(tags.length === 0 ? [] : [`tags: [${tags.map(quoted).join(", ")}]`]),
  ];
}

function object(lines: readonly string[], depth: number): string {
  const indent = "  ".repeat(depth + 1);
  return `{\n${lines.map((line) => `${indent}${line},\n`).join("")}${"  ".repeat(depth)}}`;
}

function freeName(wanted: string, taken: readonly string[]): string {
  const lower = taken.map((name) => name.toLowerCase());
  let name = wanted;
  for (let i = 2; lower.includes(name); i++) name = `${wanted}_${i}`;
  return name;
}

const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");

import type { ChangeKind, Plan } from "../../core/result/plan.ts";
import { count, NONE, plural } from "./format.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { visible } from "./text.ts";

const marks: Readonly<Record<ChangeKind, string>> = { created: "+", changed: "~", removed: "-", unchanged: " " };

/** What would change, what differs, what it costs. */
export function planText(plan: Plan, style: Style): string {
  const changes = plan.changes.filter(({ change }) => change !== "unchanged");
  const unchanged = plan.changes.length - changes.length;
  const parts: string[] = [];
  if (changes.length > 0) {
    const paint = { created: style.green, changed: style.yellow, removed: style.red, unchanged: style.dim };
    const rows = changes.map(({ change, kind, name, differences }) => [
      marks[change],
      change,
      kind,
      name,
      differences.join(", "),
    ]);
    parts.push(
      table(["", "change", "kind", "name", "differs in"], rows, style, (cell, column, row) =>
        column < 2 ? paint[changes[row].change](cell) : cell,
      ),
    );
  }
  parts.push(...notesOf(changes, style));
  const costs = changes.flatMap(({ name, cost }) =>
    cost.map(({ action, command, rows }) => [name, action, count(rows), command ?? NONE]),
  );
  if (costs.length > 0)
    parts.push(
      `${style.bold("To do afterwards")}\n${table(["for", "what", { right: "rows" }, "command"], costs, style)}`,
    );
  parts.push(...warningLines(plan.warnings, style));
  parts.push(
    plan.empty
      ? `Nothing to apply: ${plural(unchanged, "definition")}, as in revision ${plan.revision}.`
      : summary(plan, unchanged),
  );
  return parts.join("\n\n");
}

/** What becomes of the records of sources, and what they refuse. */
function notesOf(changes: Plan["changes"], style: Style): string[] {
  const lines = changes.flatMap(({ name, notes, refused }) => [
    ...notes.map((note) => visible(`${name}: ${note}`)),
    ...(refused === null ? [] : [`${style.red("refused:")} ${visible(refused)}`]),
  ]);
  return lines.length === 0 ? [] : [`${style.bold("Records that are there")}\n${lines.join("\n")}`];
}

/** Warnings as paragraphs of their own. */
export function warningLines(warnings: readonly string[], style: Style): string[] {
  return warnings.length === 0
    ? []
    : [warnings.map((warning) => `${style.yellow("warning:")} ${visible(warning)}`).join("\n")];
}

function summary({ changes, revision }: Plan, unchanged: number): string {
  const of = (kind: ChangeKind): string => `${changes.filter(({ change }) => change === kind).length} ${kind}`;
  return `${of("created")}, ${of("changed")}, ${of("removed")}, ${unchanged} unchanged; against revision ${revision}.`;
}

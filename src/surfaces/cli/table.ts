import type { Style } from "./style.ts";
import { visible, width } from "./text.ts";

/** A column of a table: its title, to the right where it holds numbers. */
export type TableColumn = string | { readonly right: string };

const GAP = "  ";

/**
 * Rows under their titles, each column as wide as it must be. Cells are made safe for a terminal; `emphasis` may then
 * style a padded cell.
 */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  style: Style,
  emphasis: (cell: string, column: number, row: number) => string = (cell) => cell,
): string {
  const titles = columns.map((column) => (typeof column === "string" ? column : column.right));
  const cells = rows.map((row) => row.map(visible));
  const widths = titles.map((title, i) => Math.max(width(title), ...cells.map((row) => width(row[i] ?? ""))));
  const pad = (cell: string, i: number): string => {
    const fill = " ".repeat(widths[i] - width(cell));
    return typeof columns[i] === "string" ? cell + (i === columns.length - 1 ? "" : fill) : fill + cell;
  };
  const head = titles.map((title, i) => style.dim(pad(title, i))).join(GAP);
  const body = cells.map((row, r) =>
    row
      .map((cell, c) => emphasis(pad(cell, c), c, r))
      .join(GAP)
      .trimEnd(),
  );
  return [head.trimEnd(), ...body].join("\n");
}

/** Labels and their values, one a line. */
export function facts(pairs: readonly (readonly [label: string, value: string])[], style: Style): string {
  const widest = Math.max(0, ...pairs.map(([label]) => width(label)));
  return pairs
    .map(([label, value]) => `${style.dim(label + " ".repeat(widest - width(label)))}${GAP}${visible(value)}`.trimEnd())
    .join("\n");
}

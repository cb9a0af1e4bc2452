/** The columns of a spine beside its inputs: the number of the row from 0, and its moment in microseconds. */
export const ROW = "__row";
export const MOMENT = "__t";

/** The first and the last moment that rows ask about, in microseconds. */
export interface Moments {
  readonly first: number;
  readonly last: number;
}

/** What selects the moments of a spine, null where it has no rows. */
export const momentsSql = `CAST(min(${MOMENT}) AS DOUBLE) AS first, CAST(max(${MOMENT}) AS DOUBLE) AS last`;
export const momentFields = {
  first: { kind: "float64", nullable: true },
  last: { kind: "float64", nullable: true },
} as const;

/** Part of the rows of a spine: [from, until). */
export interface RowRange {
  readonly from: number;
  readonly until: number;
}

/** A table of the session, or a query in parentheses: `__t` (BIGINT, microseconds), the inputs, and more. */
export interface SpineTable {
  readonly name: string;
  readonly rows: number;
  /** Where they are known already. */
  readonly moments?: Moments | null | undefined;
}

export const inRange = ({ from, until }: RowRange): string => `s.${ROW} >= ${from} AND s.${ROW} < ${until}`;

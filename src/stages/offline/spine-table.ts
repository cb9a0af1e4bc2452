/** The columns of a spine beside its inputs: the number of the row from 0, and its moment in microseconds. */
export const ROW = "__row";
export const MOMENT = "__t";

/** Part of the rows of a spine: [from, until). */
export interface RowRange {
  readonly from: number;
  readonly until: number;
}

/** A table of the session, or a query in parentheses: `__t` (BIGINT, microseconds), the inputs, and more. */
export interface SpineTable {
  readonly name: string;
  readonly rows: number;
}

export const inRange = ({ from, until }: RowRange): string => `s.${ROW} >= ${from} AND s.${ROW} < ${until}`;

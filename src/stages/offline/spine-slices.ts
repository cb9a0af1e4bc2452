import type { OfflineSession } from "../../ports/offline-engine.ts";
import { type Moments, momentFields, momentsSql, ROW, type RowRange, type SpineTable } from "./spine-table.ts";

/** Some rows of a spine side by side, with the first and the last moment that they ask about. */
export interface SpineSlice extends RowRange, Moments {}

/** The whole spine as one slice. */
export async function wholeSpine(session: OfflineSession, { name, rows, moments }: SpineTable): Promise<SpineSlice> {
  if (moments) return { from: 0, until: rows, ...moments };
  const [{ first, last }] = await session.rows(`SELECT ${momentsSql} FROM ${name}`, momentFields);
  return { from: 0, until: rows, first: (first as number | null) ?? 0, last: (last as number | null) ?? 0 };
}

/**
 * Cuts a spine where that spares records: a slice asks about its own stretch of time only. Spines mostly come in order
 * of time, and then slices that need no more than `limit` records each need few of them twice. In one that does not, a
 * slice needs as much as the whole, which then stays whole.
 *
 * @param recordsFor how many records a stretch of moments needs, at the most; more for a longer one
 */
export async function slicesOf(
  session: OfflineSession,
  spine: SpineTable,
  limit: number,
  recordsFor: (first: number, last: number) => number,
): Promise<SpineSlice[]> {
  const whole = await wholeSpine(session, spine);
  if (recordsFor(whole.first, whole.last) <= limit) return [whole];
  const size = Math.max(1, Math.ceil(spine.rows / PIECES));
  const pieces = await session.rows(
    `SELECT CAST(${ROW} // ${size} AS DOUBLE) AS piece, ${momentsSql} FROM ${spine.name} GROUP BY ALL ORDER BY piece`,
    { piece: float64, first: float64, last: float64 },
  );
  const slices: SpineSlice[] = [];
  for (const piece of pieces) {
    const from = (piece.piece as number) * size;
    const next = {
      from,
      until: Math.min(from + size, spine.rows),
      first: piece.first as number,
      last: piece.last as number,
    };
    const before = slices.at(-1);
    const both =
      before === undefined
        ? next
        : {
            from: before.from,
            until: next.until,
            first: Math.min(before.first, next.first),
            last: Math.max(before.last, next.last),
          };
    const needed = recordsFor(both.first, both.last);
    if (before === undefined) slices.push(next);
    else if (needed <= limit || needed <= recordsFor(before.first, before.last)) slices[slices.length - 1] = both;
    else slices.push(next);
  }
  return slices;
}

/** Into so many pieces a spine is looked at. */
const PIECES = 256;

const float64 = { kind: "float64", nullable: false } as const;

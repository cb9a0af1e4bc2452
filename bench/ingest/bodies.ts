import { queryRows } from "../query-rows.ts";

/** Records of one request as NDJSON, with room for the moment of each: the same bytes are sent again and again. */
export interface Body {
  readonly bytes: Buffer;
  /** Where the moments are. */
  readonly moments: readonly number[];
}

/** Requests of one shape, and how often each key is in each of them. */
export interface Bodies {
  readonly source: string;
  readonly bodies: readonly Body[];
}

const PLACE = "2000-01-01T00:00:00.000Z";

function bodyOf(lines: readonly string[]): Body {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  const moments: number[] = [];
  for (let at = bytes.indexOf(PLACE); at >= 0; at = bytes.indexOf(PLACE, at + 1)) moments.push(at);
  return { bytes, moments };
}

function inPortions(lines: readonly string[], size: number): Body[] {
  return Array.from({ length: Math.floor(lines.length / size) }, (_, b) =>
    bodyOf(lines.slice(b * size, (b + 1) * size)),
  );
}

export interface Flight {
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** The first flights of a file, in its order. */
export async function someFlights(file: string, count: number): Promise<Flight[]> {
  const sql = `SELECT delay, distance, origin, destination FROM read_parquet('${file}', file_row_number = true)
    ORDER BY file_row_number LIMIT ${count}`;
  return (await queryRows(sql)) as unknown as Flight[];
}

export function flightBodies(flights: readonly Flight[], size: number): Bodies {
  const lines = flights.map(
    ({ delay, distance, origin, destination }) =>
      `{"scheduled":"${PLACE}","delay":${delay},"distance":${distance},"origin":"${origin}","destination":"${destination}"}`,
  );
  return { source: "flights", bodies: inPortions(lines, size) };
}

/** Users in an order in which neighbours are far apart: user i of a round is `userAt(i)`. */
export const userAt = (i: number, users: number): number => (i * 7_919_003) % users;

/** A payment of each of so many users: whoever sends all of them in turn hits another user with every record. */
export function paymentBodies(users: number, size: number): Bodies {
  const lines = Array.from({ length: users }, (_, i) => {
    const user = userAt(i, users);
    return `{"at":"${PLACE}","user":${user},"amount":${(user % 1000) / 4}}`;
  });
  return { source: "payments", bodies: inPortions(lines, size) };
}

import { AsofError, type ErrorDetails } from "../../core/errors.ts";
import { type Knowledge, knowledges } from "../../core/result/knowledge.ts";
import type { TimestampInput } from "../../core/time/timestamp.ts";
import type { Body } from "./body.ts";
import { parseJson } from "./json/parse-json.ts";
import type { RequestRow, RowReader } from "./row-reader.ts";

/** What a request for features or predictions asks. */
export interface RowsRequest {
  readonly rows: readonly RequestRow[];
  /** The moment asked about; undefined for now. */
  readonly at: TimestampInput | undefined;
  /** By which knowledge; undefined for what was served. */
  readonly knowledge: Knowledge | undefined;
}

/**
 * Reads `{entities: [{…}], request?: [{…}], at?, knowledge?}`: row i of `request` completes row i of `entities`.
 * @throws ASOF_JSON, ASOF_REQUEST, ASOF_MEDIA_TYPE
 */
export function readRequest(body: Body, read: RowReader, maxRows: number, mayAskAt: boolean): RowsRequest {
  if (body.language !== "json") throw new AsofError("ASOF_MEDIA_TYPE", "a request is application/json");
  const parsed = parseJson(body.text);
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed))
    throw refused("the body must be an object with `entities`");
  const { entities, request, at, knowledge } = parsed as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(parsed)) {
    if (name === "entities" || name === "request" || (mayAskAt && (name === "at" || name === "knowledge"))) continue;
    throw refused(`the body has ${name}, which is unknown here`, { field: name });
  }
  const rows = readRows(entities, "entities", read, maxRows);
  return {
    rows: request === undefined ? rows : mergeRows(rows, readRows(request, "request", read, maxRows)),
    at: readMoment(at),
    knowledge: readKnowledge(knowledge),
  };
}

function readRows(given: unknown, where: string, read: RowReader, maxRows: number): RequestRow[] {
  if (!Array.isArray(given) || given.length === 0)
    throw refused(`\`${where}\` must be an array of at least one object`, { field: where });
  if (given.length > maxRows)
    throw refused(`\`${where}\` has ${given.length} rows: at most ${maxRows} are answered at once`, {
      field: where,
      rows: given.length,
      limit: maxRows,
    });
  return given.map((row, index) => read(row, where, index));
}

function mergeRows(entities: readonly RequestRow[], request: readonly RequestRow[]): RequestRow[] {
  if (request.length !== entities.length)
    throw refused(`\`request\` has ${request.length} rows and \`entities\` ${entities.length}: give as many`, {
      entities: entities.length,
      request: request.length,
    });
  return entities.map((entity, index) => {
    const more = request[index];
    for (const name of Object.keys(more))
      if (Object.hasOwn(entity, name))
        throw refused(`row ${index} gives ${name} in \`entities\` and in \`request\``, { row: index, field: name });
    return { ...entity, ...more };
  });
}

/** By which knowledge a request asks. @throws ASOF_REQUEST */
export function readKnowledge(given: unknown): Knowledge | undefined {
  if (given === undefined || knowledges.some((one) => one === given)) return given as Knowledge | undefined;
  throw refused(`\`knowledge\` must be ${knowledges.map((one) => JSON.stringify(one)).join(" or ")}`, {
    field: "knowledge",
  });
}

/** The moment that a request asks about. @throws ASOF_REQUEST */
export function readMoment(at: unknown): TimestampInput | undefined {
  if (at === undefined || typeof at === "string" || typeof at === "number") return at;
  throw refused("`at` must be an ISO 8601 string or whole microseconds", { field: "at" });
}

function refused(message: string, details: ErrorDetails = {}): AsofError {
  return new AsofError("ASOF_REQUEST", message, details);
}

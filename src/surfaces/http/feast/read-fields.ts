import { AsofError, type ErrorDetails } from "../../../core/errors.ts";
import type { Body } from "../body.ts";
import { parseJson } from "../json/parse-json.ts";

/** Columns of equal length by name: how Feast sends rows. */
export type Columns = ReadonlyMap<string, readonly unknown[]>;

/** The members of a request, read by name. What a request has beyond what is read is passed over, as Feast does. */
export class RequestFields {
  private readonly members: Readonly<Record<string, unknown>>;

  /** @throws ASOF_MEDIA_TYPE, ASOF_JSON, ASOF_REQUEST */
  constructor(body: Body) {
    if (body.language !== "json") throw new AsofError("ASOF_MEDIA_TYPE", "a request is application/json");
    const parsed = parseJson(body.text);
    if (!isObject(parsed)) throw refused("the body must be an object");
    this.members = parsed;
  }

  text(name: string): string | null {
    const value = this.member(name);
    if (value === null || typeof value === "string") return value;
    throw refused(`\`${name}\` must be a string`, { field: name });
  }

  needText(name: string): string {
    const value = this.text(name);
    if (value === null) throw refused(`\`${name}\` is missing`, { field: name });
    return value;
  }

  flag(name: string): boolean {
    const value = this.member(name);
    if (value === null || typeof value === "boolean") return value ?? false;
    throw refused(`\`${name}\` must be true or false`, { field: name });
  }

  texts(name: string): readonly string[] | null {
    const value = this.member(name);
    if (value === null) return null;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
    throw refused(`\`${name}\` must be an array of strings`, { field: name });
  }

  columns(name: string): Columns {
    const value = this.member(name);
    if (!isObject(value)) throw refused(`\`${name}\` must be an object of columns`, { field: name });
    const columns = new Map<string, readonly unknown[]>();
    for (const [column, values] of Object.entries(value)) {
      if (!Array.isArray(values))
        throw refused(`\`${name}\`: ${column} must be an array, as every column`, { field: name, column });
      columns.set(column, values as unknown[]);
    }
    const [first, ...others] = columns;
    for (const [column, { length }] of others)
      if (length !== first[1].length)
        throw refused(
          `\`${name}\`: ${first[0]} has ${first[1].length} values and ${column} ${length}: all columns must be as long`,
          { field: name, column },
        );
    return columns;
  }

  private member(name: string): unknown {
    return Object.hasOwn(this.members, name) ? this.members[name] : null;
  }
}

export const rowsIn = (columns: Columns): number => columns.values().next().value?.length ?? 0;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(message: string, details: ErrorDetails = {}): AsofError {
  return new AsofError("ASOF_REQUEST", message, details);
}

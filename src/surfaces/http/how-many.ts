import { AsofError } from "../../core/errors.ts";
import type { Schema } from "./schema.ts";

/** A query's parameter that says how many are asked for: as the document tells of it, and how it is read. */
export interface HowMany {
  readonly declared: { readonly description: string; readonly schema: Schema };
  /** Undefined where the query does not say. @throws ASOF_REQUEST */
  readonly read: (query: Readonly<Record<string, string>>) => number | undefined;
}

/** From 1 to `most`. */
export function howMany(name: string, most: number): HowMany {
  return {
    declared: { description: "how many at the most", schema: { type: "integer", minimum: 1, maximum: most } },
    read: ({ [name]: given }) => {
      if (given === undefined) return undefined;
      const parsed = Number(given);
      if (/^\d+$/.test(given) && parsed >= 1 && parsed <= most) return parsed;
      throw new AsofError("ASOF_REQUEST", `\`${name}\` must be a whole number from 1 to ${most}, not ${given}`, {
        field: name,
      });
    },
  };
}

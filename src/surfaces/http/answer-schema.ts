import type { FeatureType } from "../../core/aggregation/aggregation.ts";
import { knowledges } from "../../core/result/knowledge.ts";
import {
  anyNumber,
  anyValue,
  count,
  listOf,
  mapOf,
  moment,
  objectOf,
  orNull,
  outputRow,
  type Schema,
  text,
  whole,
} from "./schema.ts";

/** By which knowledge a moment is answered. */
export const knowledgeSchema: Schema = {
  enum: knowledges,
  description: 'by what serving knew at that moment, or in hindsight, by what is known "now"',
};
const viewStatus: Schema = { enum: ["PRESENT", "NOT_FOUND", "EXPIRED", "OVERFLOW"] };
const anyValues: Schema = mapOf({ anyOf: [anyValue, { type: "array" }, { type: "object" }] });

/** The features of one row; `types` where the service is known. */
function featureAnswer(types?: Readonly<Record<string, FeatureType>>): Schema {
  return objectOf(
    {
      values: types === undefined ? anyValues : outputRow(types),
      statuses: { ...mapOf(viewStatus), description: "what each view had to say, by its alias" },
      eventTimes: { ...mapOf(orNull(moment)), description: "the newest event of each view, by its alias" },
      t: { ...moment, description: "the moment the answer is for" },
      knowledge: knowledgeSchema,
      knownAt: { ...moment, description: 'with knowledge "now": the moment whose knowledge that is' },
      loads: { ...mapOf(whole), description: "up to which position loads are in the answer, by the alias of the view" },
    },
    ["knownAt"],
  );
}

/** The answer to a request for features: row by row, or with `layout=columns` column by column. */
export function featuresSchema(types?: Readonly<Record<string, FeatureType>>): Schema {
  return { anyOf: [objectOf({ service: text, results: listOf(featureAnswer(types)) }), columnsSchema(types)] };
}

/** A member for each feature and each view, with as many values as there are rows; what rows share stands once. */
function columnsSchema(types?: Readonly<Record<string, FeatureType>>): Schema {
  const own = outputRow(types ?? {})["properties"] as Readonly<Record<string, Schema>>;
  const values = Object.entries(own).map(([name, schema]): [string, Schema] => [name, listOf(schema)]);
  const of = featureAnswer(types)["properties"] as Readonly<Record<string, Schema>>;
  return objectOf(
    {
      ...of,
      service: text,
      rows: count,
      values: types === undefined ? mapOf({ type: "array" }) : objectOf(Object.fromEntries(values)),
      statuses: mapOf(listOf(viewStatus)),
      eventTimes: mapOf(listOf(orNull(moment))),
    },
    ["knownAt"],
  );
}

/** The answer to a request for predictions. */
export function predictionsSchema(types?: Readonly<Record<string, FeatureType>>): Schema {
  const prediction = { ...anyNumber, description: "the probability of the label being true, or the number predicted" };
  const result = objectOf({ id: text, version: count, prediction, features: featureAnswer(types) });
  return objectOf({ model: text, results: listOf(result) });
}

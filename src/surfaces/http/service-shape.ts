import type { FeatureType } from "../../core/aggregation/aggregation.ts";
import type { ServiceDefinition } from "../../core/definition/data.ts";
import type { AnswerForm, WrittenText } from "../../core/result/answer-form.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { knowledgeSchema } from "./answer-schema.ts";
import { answerForm, measured } from "./answer-form.ts";
import { type AnswerWriter, answerWriter } from "./answer-writer.ts";
import { type Definitions, definitionOf, featureTypes, useFeatures, viewOf } from "./feature-types.ts";
import { type RowReader, rowReader } from "./row-reader.ts";
import { anyValue, inputRow, listOf, mapOf, momentInput, objectOf, type Schema } from "./schema.ts";

/** How the requests and answers of a service look in JSON. */
export interface ServiceShape {
  readonly service: ServiceDefinition;
  /** Its inputs as requests may give them: a key may be null, which is one without history. */
  readonly asked: Fields;
  readonly types: Readonly<Record<string, FeatureType>>;
  readonly read: RowReader;
  readonly write: AnswerWriter;
  /** How answers begin, up to the first row's. */
  readonly opening: WrittenText;
  /** Writes live answers as `write.features` does. */
  readonly form: AnswerForm;
}

/** Works out the shape of a service once. The function it gives throws ASOF_UNKNOWN_SERVICE. */
export function serviceShapes(store: Definitions): (name: string) => ServiceShape {
  const known = new WeakMap<ServiceDefinition, ServiceShape>();
  return (name) => {
    const service = definitionOf(store, "service", name);
    const found = known.get(service);
    if (found !== undefined) return found;
    const types = featureTypes(store, service);
    const form = answerForm(useFeatures(store, service));
    const asked = askedOf(store, service);
    const opening = measured(`{"service":${JSON.stringify(name)},"results":[`);
    const shape = {
      service,
      asked,
      types,
      read: rowReader(service.inputs),
      write: answerWriter(types),
      opening,
      form,
    };
    known.set(service, shape);
    return shape;
  };
}

function askedOf(store: Definitions, { uses, inputs }: ServiceDefinition): Fields {
  const stored = uses.filter(({ view }) => viewOf(store, view).kind !== "onDemandView");
  const keys = new Set(stored.flatMap((use) => Object.values(use.inputs)));
  return Object.fromEntries(
    Object.entries(inputs).map(([name, type]) => [name, keys.has(name) ? { ...type, nullable: true } : type]),
  );
}

/** The schema of a request for rows: inputs are spread over `entities` and `request` as the caller likes. */
export function requestSchema(maxRows: number, mayAskAt: boolean, asked?: Fields): Schema {
  const limits = { minItems: 1, maxItems: maxRows };
  const plain = mapOf(anyValue);
  const part = asked === undefined ? plain : { ...inputRow(asked), required: [] };
  const description = "as many rows as `entities`; row i completes row i";
  const properties = { entities: listOf(part, limits), request: { ...listOf(part, limits), description } };
  return mayAskAt
    ? objectOf(
        {
          ...properties,
          at: { ...momentInput, description: "the moment asked about; now if absent" },
          knowledge: knowledgeSchema,
        },
        ["request", "at", "knowledge"],
      )
    : objectOf(properties, ["request"]);
}

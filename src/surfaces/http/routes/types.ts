import type { FeatureType } from "../../../core/aggregation/feature-type.ts";
import type { ServiceDefinition } from "../../../core/definition/data.ts";
import { definitionOf } from "../feature-types.ts";
import { writeJson } from "../json/write-json.ts";
import type { Route, RouteContext, Shapes } from "../route.ts";
import { flag, mapOf, objectOf, type Schema, text } from "../schema.ts";
import { serviceShapes } from "../service-shape.ts";

const KINDS = ["string", "boolean", "int32", "int64", "float64", "timestamp"] as const;
const COLLECTIONS = ["list", "counts", "map"] as const;

const plain: Schema = objectOf(
  { kind: { enum: KINDS }, nullable: flag, nonFinite: { ...flag, description: "NaN and the infinities as well" } },
  ["nonFinite"],
);
const collection: Schema = objectOf(
  {
    kind: { enum: COLLECTIONS },
    of: { ...plain, description: "the type of each value" },
    key: { ...plain, description: "of a map: the type whose text its keys are" },
    nullable: flag,
  },
  ["key"],
);

const types = {
  service: text,
  inputs: { ...mapOf(plain), description: "what a row of a request gives" },
  features: { ...mapOf({ anyOf: [plain, collection] }), description: "what it is answered with" },
};

const ofService: Shapes = { body: null, answer: objectOf(types) };
const ofModel: Shapes = { body: null, answer: objectOf({ model: text, ...types }) };

/** What a service takes and gives. */
export function serviceTypesRoute({ store }: RouteContext): Route {
  const shapeOf = serviceShapes(store);
  return {
    method: "GET",
    path: "/v1/features/{service}",
    id: "getServiceTypes",
    access: { scope: "read" },
    anywhere: true,
    summary: "Tells the types of a service's inputs and features.",
    names: { parameter: "service", kind: "service" },
    query: {},
    shapes: ofService,
    shapesOf: () => ofService,
    errors: ["ASOF_UNKNOWN_SERVICE"],
    handle: async ({ name }) => writeJson(told(shapeOf(name))),
  };
}

/** What a model is told, and by which service. */
export function modelTypesRoute({ store }: RouteContext): Route {
  const shapeOf = serviceShapes(store);
  return {
    method: "GET",
    path: "/v1/predict/{model}",
    id: "getModelTypes",
    access: { scope: "read" },
    anywhere: true,
    summary: "Tells the types of the inputs and features of a model's service.",
    names: { parameter: "model", kind: "model" },
    query: {},
    shapes: ofModel,
    shapesOf: () => ofModel,
    errors: ["ASOF_UNKNOWN_MODEL"],
    handle: async ({ name }) =>
      writeJson({ model: name, ...told(shapeOf(definitionOf(store, "model", name).service)) }),
  };
}

function told({
  service: { name, inputs },
  types: features,
}: {
  readonly service: ServiceDefinition;
  readonly types: Readonly<Record<string, FeatureType>>;
}): object {
  return { service: name, inputs, features };
}

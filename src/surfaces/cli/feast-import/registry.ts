import { AsofError } from "../../../core/errors.ts";
import { type FieldKind, type MessageShape, readMessage } from "./protobuf-message.ts";

// The parts of Feast's registry that definitions are made of, as its protobuf messages hold them.

export interface FeastField {
  readonly name?: string;
  readonly valueType?: number;
}

type Tags = readonly { readonly key?: string; readonly value?: string }[];

interface About {
  readonly name?: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: Tags;
}

export interface FeastEntity extends About {
  readonly valueType?: number;
  readonly joinKey?: string;
}

export interface FeastSource {
  readonly name?: string;
  readonly type?: number;
  /** From a column of the data to the name it goes by. */
  readonly fieldMapping?: Tags;
  readonly timestampField?: string;
  readonly createdColumn?: string;
  readonly batchSource?: FeastSource;
  readonly file?: { readonly uri?: string; readonly format?: { readonly delta?: object } };
}

export interface FeastView extends About {
  readonly entities?: readonly string[];
  readonly features?: readonly FeastField[];
  readonly entityColumns?: readonly FeastField[];
  readonly ttl?: { readonly seconds?: number; readonly nanos?: number };
  readonly batchSource?: FeastSource;
  readonly streamSource?: FeastSource;
  readonly sourceViews?: readonly object[];
  readonly transformation?: object;
}

export interface FeastProjection {
  readonly view?: string;
  readonly alias?: string;
  readonly features?: readonly FeastField[];
  /** From the view's key to what a request calls it. */
  readonly joinKeys?: Tags;
}

export interface FeastService extends About {
  readonly projections?: readonly FeastProjection[];
}

export interface FeastOnDemandView extends About {
  readonly features?: readonly FeastField[];
  readonly transformation?: { readonly python?: { readonly text?: string } };
}

interface Spec<T> {
  readonly spec?: T;
}

export interface FeastRegistry {
  readonly entities?: readonly Spec<FeastEntity>[];
  readonly views?: readonly Spec<FeastView>[];
  readonly services?: readonly Spec<FeastService>[];
  readonly onDemandViews?: readonly Spec<FeastOnDemandView>[];
  readonly streamViews?: readonly Spec<FeastView>[];
  readonly labelViews?: readonly Spec<About>[];
  readonly lastUpdated?: { readonly seconds?: number };
}

const field = (name: string, kind: FieldKind = "text"): MessageShape[number] => ({ name, kind });
const many = (name: string, kind: FieldKind = "text"): MessageShape[number] => ({ name, kind, repeated: true });
const spec = (shape: MessageShape): MessageShape => ({ 1: field("spec", shape) });

const pairs: MessageShape = { 1: field("key"), 2: field("value") };
const span: MessageShape = { 1: field("seconds", "number"), 2: field("nanos", "number") };
const feature: MessageShape = { 1: field("name"), 2: field("valueType", "number") };

const entity: MessageShape = {
  1: field("name"),
  2: field("valueType", "number"),
  3: field("description"),
  4: field("joinKey"),
  8: many("tags", pairs),
  10: field("owner"),
};

const plainSource: MessageShape = {
  1: field("type", "number"),
  2: many("fieldMapping", pairs),
  3: field("timestampField"),
  5: field("createdColumn"),
  11: field("file", { 1: field("format", { 2: field("delta", {}) }), 2: field("uri") }),
  20: field("name"),
};
const source: MessageShape = { ...plainSource, 26: field("batchSource", plainSource) };

const view: MessageShape = {
  1: field("name"),
  3: many("entities"),
  4: many("features", feature),
  5: many("tags", pairs),
  6: field("ttl", span),
  7: field("batchSource", source),
  9: field("streamSource", source),
  10: field("description"),
  11: field("owner"),
  12: many("entityColumns", feature),
  14: many("sourceViews", {}),
  15: field("transformation", {}),
};

const projection: MessageShape = {
  1: field("view"),
  2: many("features", feature),
  3: field("alias"),
  4: many("joinKeys", pairs),
};

const service: MessageShape = {
  1: field("name"),
  3: many("projections", projection),
  4: many("tags", pairs),
  5: field("description"),
  6: field("owner"),
};

const python: MessageShape = { 3: field("text") };
const onDemandView: MessageShape = {
  1: field("name"),
  3: many("features", feature),
  6: field("description"),
  10: field("transformation", { 1: field("python", python) }),
};

const registry: MessageShape = {
  1: many("entities", spec(entity)),
  5: field("lastUpdated", span),
  6: many("views", spec(view)),
  7: many("services", spec(service)),
  8: many("onDemandViews", spec(onDemandView)),
  14: many("streamViews", spec({ 1: field("name") })),
  19: many("labelViews", spec({ 1: field("name") })),
};

/** Reads the bytes of a Feast registry. @throws ASOF_FILE */
export function readRegistry(bytes: Uint8Array, from: string): FeastRegistry {
  try {
    return readMessage(bytes, registry);
  } catch (error) {
    throw new AsofError(
      "ASOF_FILE",
      `${from} is no registry of Feast: ${(error as Error).message}`,
      { file: from },
      error,
    );
  }
}

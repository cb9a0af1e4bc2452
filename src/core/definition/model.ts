import { givesCollection } from "../aggregation/aggregation.ts";
import { AsofError } from "../errors.ts";
import type { Expr } from "../expression/expr.ts";
import type { Expression } from "../expression/tree.ts";
import { typeOf } from "../expression/expression.ts";
import type { DataType, Fields, Kind, RowOf } from "../schema/data-type.ts";
import { type DurationText, parseDuration } from "../time/duration.ts";
import { parseTimestamp, type TimestampInput } from "../time/timestamp.ts";
import type { Description, ModelDefinition, TrainerDefinition } from "./data.ts";
import type { EventSource } from "./event-source.ts";
import type { FeatureService, Given } from "./feature-service.ts";
import { freeze } from "./freeze.ts";
import { checkName } from "./name.ts";

/** Something to train and to serve: from the features of a service to a label. N is its name. */
export interface Model<I extends object = object, V extends object = object, N extends string = string> {
  readonly definition: ModelDefinition & { readonly name: N };
  readonly features: FeatureService<I, V>;
}

/** The fields of certain kinds; those, too, of which the kind is not known. */
type FieldOf<F extends Fields, K extends Kind> = {
  [P in keyof F & string]: [Extract<F[P]["kind"], K>] extends [never] ? never : P;
}[keyof F & string];

/** What the fields of an example can give to inputs of their names. */
type FieldsGiven<F extends Fields> = { readonly [P in keyof F]: Given<DataType<F[P]["kind"], false>> };

/** Appears in a compile error where a source lacks a field that a service asks for. */
export interface MissingInputs<in out Needed> {
  readonly "the source must have these fields": Needed;
}

export interface ModelOptions<I extends object, V extends object, F extends Fields> extends Description {
  readonly features: FeatureService<I, V>;
  readonly examples: {
    /** Rows to learn from. Inputs of the service are taken from the fields of the same names. */
    readonly source: EventSource<F> & ([FieldsGiven<F>] extends [I] ? unknown : MissingInputs<I>);
    /** The moment at which each row would have been asked about: features are as of then. */
    readonly at: FieldOf<F, "timestamp"> | Expr<RowOf<F>, number | null>;
    readonly where?: Expr<RowOf<F>, boolean | null>;
    /** At most so many for training and held-out together, spread evenly over time. Default: all. */
    readonly sample?: number;
  };
  /** What to predict: true or false for classification, a number for regression. */
  readonly label: FieldOf<F, "boolean" | "int32" | "float64"> | Expr<RowOf<F>, boolean | number | null>;
  /** Trained on examples in [from, until), measured on examples of a later time. */
  readonly split: {
    readonly train: readonly [from: TimestampInput, until: TimestampInput];
    readonly test: readonly [from: TimestampInput, until: TimestampInput];
  };
  readonly trainer: TrainerDefinition;
}

/** Declares a model. @throws ASOF_DEFINITION, ASOF_EXPRESSION, ASOF_TIMESTAMP */
export function model<I extends object, V extends object, F extends Fields, const N extends string>(
  name: N,
  options: ModelOptions<I, V, F>,
): Model<I, V, N> {
  const { features, examples, label, split, trainer, ...about } = options;
  checkName("a model", name);
  const { source, at, where, sample } = examples;
  const fail = (why: string): never => {
    throw new AsofError("ASOF_DEFINITION", `model ${name}: ${why}`, { model: name });
  };
  const moment = asExpression(at);
  if (typeOf(moment, source.fields).kind !== "timestamp") fail("`at` must be a timestamp");
  if (where !== undefined && typeOf(where.expression, source.fields).kind !== "boolean")
    fail("`where` must be true or false");
  const target = asExpression(label);
  const targetKind = typeOf(target, source.fields).kind;
  if (targetKind !== "boolean" && targetKind !== "int32" && targetKind !== "float64")
    fail(`its label is ${targetKind}: it must be boolean or a number`);
  for (const { use, view } of features.uses) {
    if (view.kind !== "aggregateView") continue;
    const collection = view.features.find(
      (feature) =>
        (use.features === null || use.features.includes(feature.name)) &&
        (feature.series !== undefined || givesCollection(feature.aggregation)),
    );
    if (collection !== undefined)
      fail(
        `${use.alias}__${collection.name} is a collection, and a model learns from single values: leave it out with .select()`,
      );
  }
  for (const [input, type] of Object.entries(features.definition.inputs))
    if (source.fields[input]?.kind !== type.kind)
      fail(
        `source ${source.definition.name} has no ${type.kind} field ${input}, which service ${features.definition.name} asks for`,
      );
  if (sample !== undefined && !(Number.isSafeInteger(sample) && sample > 0)) fail("`sample` must be a positive number");
  const range = ([from, until]: readonly [TimestampInput, TimestampInput]): readonly [number, number] => [
    parseTimestamp(from),
    parseTimestamp(until),
  ];
  const train = range(split.train);
  const test = range(split.test);
  if (!(train[0] < train[1] && train[1] <= test[0] && test[0] < test[1]))
    fail("its split must train on one range of time and test on a later one");
  const definition: ModelDefinition & { readonly name: N } = freeze({
    kind: "model",
    name,
    service: features.definition.name,
    task: targetKind === "boolean" ? "classification" : "regression",
    examples: { source: source.definition.name, at: moment, where: where?.expression ?? null, sample: sample ?? null },
    label: target,
    split: { train, test },
    trainer,
    ...about,
  });
  return Object.freeze({ definition, features });
}

/** Gradient boosted decision trees. */
export function gradientBoostedTrees(): TrainerDefinition {
  return { name: "gradientBoostedTrees", options: {} };
}

/** A random forest. */
export function randomForest(): TrainerDefinition {
  return { name: "randomForest", options: {} };
}

/** How a command is run that trains models. */
export interface CommandOptions {
  /** It is ended, and the training has failed, when it takes longer. Default "1h". */
  readonly timeout?: DurationText;
}

/**
 * A trainer of your own: a program that is given the training set as Parquet and a description of it as JSON, in a folder
 * that is its last argument, and leaves a model in ONNX there. It runs where asof runs.
 * @throws ASOF_DEFINITION, ASOF_WINDOW
 */
export function command(
  program: string,
  ...given: readonly string[] | readonly [...args: string[], options: CommandOptions]
): TrainerDefinition {
  const parts: readonly (string | CommandOptions)[] = [program, ...given];
  const words = parts.filter((part) => typeof part === "string");
  const options = parts.find((part) => typeof part !== "string") ?? {};
  if (program === "" || words.some((word) => word.includes("\0")))
    throw new AsofError(
      "ASOF_DEFINITION",
      "the command of a trainer needs the name of a program, and words without NUL",
    );
  return freeze({ name: "command", options: { command: words, timeout: parseDuration(options.timeout ?? "1h") } });
}

function asExpression(given: string | { readonly expression: Expression }): Expression {
  return typeof given === "string" ? { op: "column", name: given } : given.expression;
}

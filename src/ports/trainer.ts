import type { ModelDefinition, TrainerDefinition } from "../core/definition/data.ts";
import type { Column } from "../core/schema/column.ts";

export type Task = "classification" | "regression";

/** The table a model is trained on: one column a feature, and the label (0 or 1 for classification). */
export interface TrainingTable {
  readonly rows: number;
  readonly features: Readonly<Record<string, Column>>;
  readonly label: Float64Array;
  readonly task: Task;
}

/** A trained model as bytes, with the name of the runtime that reads them. */
export interface TrainedModel {
  readonly runtime: string;
  readonly bytes: Uint8Array;
  /** What the trainer itself found out about it, where it tells. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What a trainer is told beside the table. */
export interface TrainingOptions {
  readonly signal?: AbortSignal;
  readonly model?: TrainedFor;
  /** Hears what the trainer says of its progress, line by line. */
  readonly onLine?: (line: string) => void;
}

/** The model that is trained, or the baseline that it is compared with. */
export interface TrainedFor {
  readonly name: string;
  readonly isBaseline: boolean;
  readonly split: ModelDefinition["split"];
  readonly trainer: TrainerDefinition["options"];
}

/**
 * Makes a model from a table. It runs off the caller's thread, honours the signal, leaves nothing behind and
 * prints nothing. The same table gives the same bytes where `deterministic` says so.
 */
export interface Trainer {
  readonly name: string;
  readonly deterministic: boolean;
  readonly tasks: readonly Task[];
  /** @throws AsofError ASOF_TRAINING; ASOF_INTERRUPTED when aborted. */
  train(table: TrainingTable, options: TrainingOptions): Promise<TrainedModel>;
}

/** A model loaded for prediction. Calls are independent of one another; a model is released by `close`. */
export interface LoadedModel {
  /** The names of the features the model wants, in no particular order. */
  readonly inputs: readonly string[];
  /**
   * Predictions for `rows` rows: the probability of class 1, or the value. Numeric inputs pass through float32 on
   * every path, so that training and serving give a model the same numbers. A null is a missing value. The same row has
   * the same prediction, to the last bit, whatever rows are asked about with it. A promise only where the runtime takes
   * its time; a model that is closed meanwhile still answers it.
   * @throws AsofError ASOF_PREDICT
   */
  predict(features: Readonly<Record<string, Column>>, rows: number): Float64Array | Promise<Float64Array>;
  close(): void;
}

/** Reads trained models of one kind. */
export interface ModelRuntime {
  readonly name: string;
  /** @throws AsofError ASOF_CORRUPT where the bytes are no model of this runtime. */
  load(model: TrainedModel): Promise<LoadedModel>;
}

/** Models that are made elsewhere, and come as files. */
export interface ModelFormat {
  /** What reads them. */
  readonly runtime: ModelRuntime;
  /** @throws AsofError ASOF_PREDICT where they could not be run */
  ready(): Promise<void>;
  /** Takes a file up, with the features that its model learnt from, in their order. Not checked yet: `load` does that. */
  take(file: Uint8Array, made: { readonly task: Task; readonly features: readonly string[] }): TrainedModel;
}

import { modelNamed, sourceNamed } from "../core/definition/catalog.ts";
import { servedStream } from "../core/definition/stream.ts";
import { AsofError } from "../core/errors.ts";
import type { ModelComparison } from "../core/result/comparison.ts";
import type { CompareOptions } from "../core/result/store.ts";
import { parseDuration } from "../core/time/duration.ts";
import { parseTimestamp, type TimestampInput } from "../core/time/timestamp.ts";
import { compareOutcomes } from "../stages/monitoring/model-comparison.ts";
import { sourceRows } from "../stages/offline/examples-join.ts";
import { readOutcomes } from "../stages/offline/outcomes.ts";
import type { OpenStore } from "./open-store.ts";

const WITHIN = "1h";

/** Predictions beside what has become known of them. */
export class Comparing {
  private readonly store: OpenStore;
  /** Resolves once everything that was predicted is on disk. */
  private readonly logged: () => Promise<void>;

  constructor(store: OpenStore, logged: () => Promise<void>) {
    this.store = store;
    this.logged = logged;
  }

  compare(name: string, options: CompareOptions): Promise<ModelComparison> {
    return this.store.undisturbed(() => this.compareNow(name, options));
  }

  private async compareNow(name: string, options: CompareOptions): Promise<ModelComparison> {
    const { catalog, engine, log } = this.store.parts;
    const model = modelNamed(catalog, name);
    const { inputs } = this.store.service(model.service).plan.service;
    const by = [...new Set(options.by ?? Object.keys(inputs))];
    const unknown = by.find((input) => !Object.hasOwn(inputs, input));
    if (unknown !== undefined)
      throw new AsofError(
        "ASOF_UNKNOWN_FIELD",
        `service ${model.service} has no input ${unknown}; it has ${Object.keys(inputs).join(", ")}`,
        { field: unknown, service: model.service },
      );
    const within = parseDuration(options.within ?? WITHIN);
    const [since, until] = [momentOf(options.since), momentOf(options.until)];
    await this.logged();
    const { now } = await this.store.momentOf(null);
    const { offline } = this.store;
    const cut = log.end;
    const source = sourceNamed(catalog, model.examples.source);
    const { predictions, pairs } = await readOutcomes(engine, offline, {
      model,
      source,
      stream: servedStream(catalog, model),
      rows: sourceRows(engine, offline, catalog, cut, options.signal),
      cut,
      now,
      since,
      until,
      within,
      by,
      signal: options.signal,
    });
    const { task } = model;
    const compared = compareOutcomes(task, predictions, pairs);
    return { model: name, task, source: source.name, t: now, since, until, within, by, ...compared };
  }
}

function momentOf(given: TimestampInput | undefined): number | null {
  return given === undefined ? null : parseTimestamp(given);
}

import { count, listOf, mapOf, objectOf, text } from "../core/codec/shape.ts";
import { type Catalog, fingerprintOf, serviceNamed } from "../core/definition/catalog.ts";
import type { ServicePlan } from "../core/plan/service-plan.ts";
import type { ServiceRates } from "../core/result/monitoring.ts";
import { RunningRates } from "../stages/monitoring/service-rates.ts";
import type { KeptNotes } from "./kept-notes.ts";

/** Rates of a service as they are kept, with the fingerprint of the service that they are about. */
interface RatesNote {
  readonly definition: string;
  readonly rates: ServiceRates;
}

const VIEW_RATES = { view: text, notFound: count, expired: count, overflow: count, nulls: count, values: count };
const RATES = objectOf({
  definition: text,
  rates: objectOf({ service: text, answers: count, views: listOf(objectOf(VIEW_RATES)), features: mapOf(count) }),
});

/** What services answered, counted and kept as notes of the registry. */
export class KeptRates {
  private readonly notes: KeptNotes;
  private readonly catalog: Catalog;
  private readonly planOf: (service: string) => ServicePlan;
  private readonly rates = new Map<string, RunningRates>();
  /** Answers that the rates had when they were written last, by service. */
  private readonly written = new Map<string, number>();

  constructor(notes: KeptNotes, catalog: Catalog, planOf: (service: string) => ServicePlan) {
    this.notes = notes;
    this.catalog = catalog;
    this.planOf = planOf;
  }

  /** Goes on where an earlier process left off. */
  async restore(): Promise<void> {
    for (const name of this.catalog.services.keys()) {
      const rates = await this.load(name);
      this.rates.set(name, rates);
      this.written.set(name, rates.answers);
    }
  }

  /** Those that are counted here; undefined where this process does not. */
  running(service: string): RunningRates | undefined {
    return this.rates.get(service);
  }

  /** As they are counted here, else as they were kept last. */
  async report(service: string): Promise<ServiceRates> {
    return (this.rates.get(service) ?? (await this.load(service))).report();
  }

  /** Writes what has changed. */
  async save(): Promise<void> {
    for (const [service, rates] of this.rates) {
      const { answers } = rates;
      if (answers === (this.written.get(service) ?? 0)) continue;
      const note: RatesNote = { definition: this.definitionOf(service), rates: rates.report() };
      await this.notes.save(nameOf(service), note);
      this.written.set(service, answers);
    }
  }

  private async load(service: string): Promise<RunningRates> {
    const note = await this.notes.load<RatesNote>(nameOf(service), RATES);
    const isOfThis = note?.definition === this.definitionOf(service);
    return new RunningRates(this.planOf(service), isOfThis ? note.rates : null);
  }

  private definitionOf(service: string): string {
    return fingerprintOf(this.catalog, serviceNamed(this.catalog, service));
  }
}

const nameOf = (service: string): string => `rates.${service}`;

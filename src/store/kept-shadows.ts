import { count, objectOf, orNull, text } from "../core/codec/shape.ts";
import type { ShadowedRows, ShadowReport } from "../core/result/monitoring.ts";
import { ShadowCounts } from "../stages/monitoring/shadow-counts.ts";
import type { KeptNotes } from "./kept-notes.ts";

/** What the shadow of a model did, as it is kept. */
interface ShadowNote {
  readonly report: ShadowReport;
}

const SHADOW = objectOf({
  report: objectOf({
    model: text,
    version: count,
    predictions: count,
    errors: count,
    dropped: count,
    error: orNull(objectOf({ code: text, message: text })),
  }),
});

/** What shadows do, counted and kept as notes of the registry. */
export class KeptShadows {
  private readonly notes: KeptNotes;
  private readonly counts = new ShadowCounts();

  constructor(notes: KeptNotes) {
    this.notes = notes;
  }

  /** Goes on where an earlier process left off. */
  async restore(models: Iterable<string>): Promise<void> {
    for (const model of models) {
      const note = await this.load(model);
      if (note !== null) this.counts.restore(note.report);
    }
  }

  add(rows: ShadowedRows): void {
    this.counts.add(rows);
  }

  /** As it is counted here where this process writes, else as it was kept last. */
  async of(model: string, version: number, isHere: boolean): Promise<ShadowReport> {
    if (isHere) return this.counts.of(model, version);
    const kept = new ShadowCounts();
    const note = await this.load(model);
    if (note !== null) kept.restore(note.report);
    return kept.of(model, version);
  }

  /** Writes what has changed. */
  async save(): Promise<void> {
    const taken = this.counts.take();
    try {
      for (const report of taken) {
        const note: ShadowNote = { report };
        await this.notes.save(nameOf(report.model), note);
      }
    } catch (error) {
      this.counts.untake(taken);
      throw error;
    }
  }

  private load(model: string): Promise<ShadowNote | null> {
    return this.notes.load<ShadowNote>(nameOf(model), SHADOW);
  }
}

const nameOf = (model: string): string => `shadow.${model}`;

import { type TrainingNote, trainingNoteName, trainingNoteShape } from "../core/metrics/feature-summaries.ts";
import { type StretchData, stretchShape, VersionDrift } from "../stages/monitoring/model-drift.ts";
import type { KeptNotes } from "./kept-notes.ts";

/** How far what versions of models are asked is from their training, counted and kept as notes of the registry. */
export class KeptDrifts {
  private readonly notes: KeptNotes;
  /** By model and version; null where the version has no summary of its training, or it could not be read. */
  private readonly drifts = new Map<string, VersionDrift | null>();
  private lastFault: Error | null = null;

  constructor(notes: KeptNotes) {
    this.notes = notes;
  }

  /** Why a version's could not be read, the last time that this was so. */
  get fault(): Error | null {
    return this.lastFault;
  }

  /** A version's that is counted here; undefined where that has not begun. */
  running(model: string, version: number): VersionDrift | null | undefined {
    return this.drifts.get(versionKey(model, version));
  }

  /** Begins to count a version's, where an earlier process left off. */
  async begin(model: string, version: number): Promise<VersionDrift | null> {
    const key = versionKey(model, version);
    let drift: VersionDrift | null;
    try {
      drift = await this.load(model, version);
    } catch (error) {
      this.lastFault = error as Error;
      drift = null;
    }
    // Another request may have been here meanwhile.
    if (this.drifts.has(key)) return this.drifts.get(key)!;
    this.drifts.set(key, drift);
    return drift;
  }

  /** As it is counted here, else as it was kept last. */
  async of(model: string, version: number): Promise<VersionDrift | null> {
    const present = this.running(model, version);
    return present === undefined ? this.load(model, version) : present;
  }

  /** Writes what has changed. */
  async save(): Promise<void> {
    for (const drift of this.drifts.values()) {
      if (drift === null) continue;
      try {
        for (const { place, data } of drift.changes())
          await this.notes.save(nameOf(drift.model, drift.version, place), data);
      } catch (error) {
        drift.unwritten();
        throw error;
      }
    }
  }

  private async load(model: string, version: number): Promise<VersionDrift | null> {
    const training = await this.notes.load<TrainingNote>(trainingNoteName(model, version), trainingNoteShape);
    if (training === null) return null;
    const stretches: StretchData[] = [];
    for (let place = 0; place < VersionDrift.places; place++) {
      const stretch = await this.notes.load<StretchData>(nameOf(model, version, place), stretchShape);
      if (stretch !== null) stretches.push(stretch);
    }
    return new VersionDrift(model, version, training.features, stretches);
  }
}

/** Names a version among those of all models. */
export const versionKey = (model: string, version: number): string => `${model} ${version}`;

const nameOf = (model: string, version: number, place: number): string => `drift.${model}.${version}.${place}`;

import { AsofError } from "../../core/errors.ts";
import type { ShadowedRows } from "../../core/result/monitoring.ts";
import type { LoadedModel } from "../../ports/trainer.ts";
import type { ShadowModel } from "./served-versions.ts";

/** Rows that may wait for a shadow; more are given up, and counted. */
const WAITING = 10_000;

/**
 * Has the shadow of a model predict what was answered already, one request a turn, so that whatever else there is to do
 * goes in between. It makes nothing fail and nothing wait: what it cannot do is told, and that is all.
 */
export class Shadow {
  private readonly model: string;
  private readonly tell: (rows: ShadowedRows) => void;
  private waiting = 0;
  private last: Promise<void> = Promise.resolve();

  constructor(model: string, tell: (rows: ShadowedRows) => void) {
    this.model = model;
    this.tell = tell;
  }

  /** @param predict predicts so many rows, and logs them */
  take({ version, model }: ShadowModel, rows: number, predict: (model: LoadedModel) => Promise<void>): void {
    const told = { model: this.model, version, predictions: 0, errors: 0, dropped: 0, error: null };
    if (this.waiting + rows > WAITING) return this.tell({ ...told, dropped: rows });
    this.waiting += rows;
    this.last = this.last.then(async () => {
      await nextTurn();
      try {
        const held = await model;
        // It may have ended as a shadow while this waited.
        if (!held.hold()) return this.tell({ ...told, dropped: rows });
        try {
          await predict(held.loaded);
          this.tell({ ...told, predictions: rows });
        } finally {
          held.release();
        }
      } catch (error) {
        this.tell({ ...told, errors: rows, error: errorOf(error) });
      } finally {
        this.waiting -= rows;
      }
    });
  }

  /** Resolves once nothing waits of what was taken so far. */
  done(): Promise<void> {
    return this.last;
  }
}

function errorOf(error: unknown): NonNullable<ShadowedRows["error"]> {
  if (error instanceof AsofError) return { code: error.code, message: error.message };
  return { code: "ASOF_INTERNAL", message: error instanceof Error ? error.message : String(error) };
}

/** What waits for the event loop, such as answers to requests, goes first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

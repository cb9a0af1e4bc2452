import { AsofError } from "../../core/errors.ts";
import { OneByOne } from "../../core/one-by-one.ts";
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
  private readonly turns = new OneByOne();
  private waiting = 0;

  constructor(model: string, tell: (rows: ShadowedRows) => void) {
    this.model = model;
    this.tell = tell;
  }

  /** @param predict predicts so many rows, and logs them */
  take(shadow: ShadowModel, rows: number, predict: (model: LoadedModel) => Promise<void>): void {
    const { version } = shadow;
    const told = { model: this.model, version, predictions: 0, errors: 0, dropped: 0, error: null };
    if (this.waiting + rows > WAITING) return this.tell({ ...told, dropped: rows });
    this.waiting += rows;
    void this.turns.run(async () => {
      await nextTurn();
      try {
        const isDone = await predictHeld(shadow, predict);
        this.tell({ ...told, ...(isDone ? { predictions: rows } : { dropped: rows }) });
      } catch (error) {
        this.tell({ ...told, errors: rows, error: errorOf(error) });
      }
      this.waiting -= rows;
    });
  }

  /** Resolves once nothing waits of what was taken so far. */
  done(): Promise<void> {
    return this.turns.run(async () => {});
  }
}

/** False where the version ended as a shadow while this waited. */
async function predictHeld({ model }: ShadowModel, predict: (model: LoadedModel) => Promise<void>): Promise<boolean> {
  const held = await model;
  if (!held.hold()) return false;
  try {
    await predict(held.loaded);
  } finally {
    held.release();
  }
  return true;
}

function errorOf(error: unknown): NonNullable<ShadowedRows["error"]> {
  if (error instanceof AsofError) return { code: error.code, message: error.message };
  return { code: "ASOF_INTERNAL", message: error instanceof Error ? error.message : String(error) };
}

/** What waits for the event loop, such as answers to requests, goes first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

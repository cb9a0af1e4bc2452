import type { StreamRecord } from "../../core/codec/record-batch.ts";
import { AsofError } from "../../core/errors.ts";
import { nextTurn } from "../../core/next-turn.ts";
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
  private readonly append: (records: readonly StreamRecord[]) => Promise<unknown>;
  private readonly tell: (rows: ShadowedRows) => void;
  private readonly turns = new OneByOne();
  private readonly logging = new Set<Promise<void>>();
  private waiting = 0;

  constructor(parts: {
    readonly model: string;
    readonly append: (records: readonly StreamRecord[]) => Promise<unknown>;
    readonly tell: (rows: ShadowedRows) => void;
  }) {
    this.model = parts.model;
    this.append = parts.append;
    this.tell = parts.tell;
  }

  /** @param predict predicts so many rows, and says what to log of them */
  take(shadow: ShadowModel, rows: number, predict: Predict): void {
    const { version } = shadow;
    const told = { model: this.model, version, predictions: 0, errors: 0, dropped: 0, error: null };
    if (this.waiting + rows > WAITING) return this.tell({ ...told, dropped: rows });
    this.waiting += rows;
    const end = (how: Partial<ShadowedRows>): void => {
      this.waiting -= rows;
      this.tell({ ...told, ...how });
    };
    void this.turns.run(async () => {
      await nextTurn();
      try {
        const records = await predictHeld(shadow, predict);
        if (records === null) return end({ dropped: rows });
        // The next need not wait for the disk.
        const logging = this.log(records, rows, end).finally(() => this.logging.delete(logging));
        this.logging.add(logging);
      } catch (error) {
        end({ errors: rows, error: errorOf(error) });
      }
    });
  }

  /** Resolves once nothing waits of what was taken so far, and all of it is on disk. */
  async done(): Promise<void> {
    await this.turns.run(async () => {});
    await Promise.all(this.logging);
  }

  private async log(
    records: readonly StreamRecord[],
    rows: number,
    end: (how: Partial<ShadowedRows>) => void,
  ): Promise<void> {
    try {
      await this.append(records);
      end({ predictions: rows });
    } catch (error) {
      end({ errors: rows, error: errorOf(error) });
    }
  }
}

type Predict = (model: LoadedModel) => Promise<readonly StreamRecord[]>;

/** Null where the version ended as a shadow while this waited. */
async function predictHeld({ model }: ShadowModel, predict: Predict): Promise<readonly StreamRecord[] | null> {
  const held = await model;
  if (!held.hold()) return null;
  try {
    return await predict(held.loaded);
  } finally {
    held.release();
  }
}

function errorOf(error: unknown): NonNullable<ShadowedRows["error"]> {
  if (error instanceof AsofError) return { code: error.code, message: error.message };
  return { code: "ASOF_INTERNAL", message: error instanceof Error ? error.message : String(error) };
}

import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { AsofError } from "../../core/errors.ts";
import { codedError, isBusy } from "./sqlite-error.ts";

/** How long a writer waits its turn, in milliseconds. */
const PATIENCE = 5_000;
const LONGEST_PAUSE = 16;

/**
 * One connection, whose transactions wait for other processes without holding up this one: SQLite's own busy
 * timeout would stop the event loop for as long. Each transaction is one synchronous piece of work, so those of one
 * process cannot meet.
 */
export class SqliteConnection {
  readonly path: string;
  readonly #database: DatabaseSync;
  #closed = false;

  /** @throws what SQLite throws. */
  constructor(path: string) {
    this.path = path;
    this.#database = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
  }

  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Work that only reads, on one snapshot. */
  async read<T>(work: () => T): Promise<T> {
    return this.#transaction("begin", work);
  }

  /** Work that reads and writes, alone; durable once it resolves, and undone where it throws. */
  async write<T>(work: () => T): Promise<T> {
    return this.#transaction("begin immediate", work);
  }

  /** Does anything again while another connection is in the way. @throws ASOF_BUSY, ASOF_CLOSED and other coded errors */
  async patiently<T>(work: () => T): Promise<T> {
    const deadline = performance.now() + PATIENCE;
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      if (this.#closed) throw new AsofError("ASOF_CLOSED", `the registry ${this.path} is closed`, { path: this.path });
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw codedError(error, this.path);
      }
      // Waiting writers must not move in step.
      await sleep(pause * (0.5 + Math.random()));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
  }

  async #transaction<T>(begin: string, work: () => T): Promise<T> {
    return this.patiently(() => {
      this.#database.exec(begin);
      try {
        const result = work();
        this.#database.exec("commit");
        return result;
      } catch (error) {
        // Some failures have rolled back already.
        if (this.#database.isTransaction) this.#database.exec("rollback");
        throw error;
      }
    });
  }
}

import type { DuckDBConnection } from "@duckdb/node-api";
import { assert } from "../../core/assert.ts";
import { AsofError } from "../../core/errors.ts";
import { duckDbError } from "./duckdb-error.ts";

/** DuckDB forgets an interrupt that arrives before its query has begun, so it is repeated until the call ends. */
const INTERRUPT_EVERY_MS = 10;

/**
 * Lets calls onto a connection one after another, and off it when the session is closed or its signal fires. No
 * statement is under way on the connection once `close` has resolved: only then may it be disconnected.
 */
export class CallGate {
  readonly #connection: DuckDBConnection;
  readonly #signal: AbortSignal | undefined;
  readonly #closed = new AbortController();
  /** Fires when the session is closed or its signal fires. */
  readonly stopped: AbortSignal;
  #last: Promise<unknown> = Promise.resolve();
  #streaming: string | null = null;
  #running: Promise<void> | undefined;
  #entered: Promise<void> | undefined;

  constructor(connection: DuckDBConnection, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#signal = signal;
    this.stopped = AbortSignal.any(signal === undefined ? [this.#closed.signal] : [signal, this.#closed.signal]);
  }

  /** @throws AsofError ASOF_INTERRUPTED, ASOF_CLOSED */
  check(): void {
    if (this.#signal?.aborted)
      throw new AsofError("ASOF_INTERRUPTED", "the query was interrupted", {}, this.#signal.reason);
    if (this.#closed.signal.aborted) throw new AsofError("ASOF_CLOSED", "the session is closed");
  }

  /** Runs a call behind those before it. */
  call<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#refuseWithin(name);
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /**
   * Begins a call in whose middle the caller's own code runs; resolves to what ends it. Another call before that end
   * could only wait for itself, so it is refused.
   */
  async enter(name: string): Promise<() => void> {
    this.#refuseWithin(name);
    this.#streaming = name;
    await this.#last;
    return () => {
      this.#streaming = null;
    };
  }

  /** Runs such a call to its end, for which `close` waits. What it does must heed `stopped`. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const leave = await this.enter(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#entered = promise;
    try {
      this.check();
      return await work();
    } catch (error) {
      if (this.stopped.aborted && error instanceof AsofError) this.check();
      throw error;
    } finally {
      leave();
      resolve();
    }
  }

  /** One request to the engine, in DuckDB's own threads. Its errors become ours; `sql` is named in them. */
  async request<T>(sql: string, start: () => Promise<T>): Promise<T> {
    this.check();
    let timer: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      this.#connection.interrupt();
      timer ??= setInterval(() => this.#connection.interrupt(), INTERRUPT_EVERY_MS);
    };
    this.stopped.addEventListener("abort", interrupt);
    const running = start();
    this.#running = running.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await running;
    } catch (error) {
      this.check();
      throw duckDbError(error, sql);
    } finally {
      clearInterval(timer);
      this.stopped.removeEventListener("abort", interrupt);
    }
  }

  /** Interrupts what runs and waits until it has ended. Later calls are refused. */
  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([this.#running, this.#entered]);
  }

  #refuseWithin(name: string): void {
    assert(this.#streaming === null, `${name}() within ${this.#streaming}() of one session; open another session`);
  }
}

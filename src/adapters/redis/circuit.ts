/** Failures in a row at which the circuit opens. */
const FAILURES = 3;
/** How often it is tried whether it can be closed again, in milliseconds. */
const PROBE_MS = 100;

/**
 * Keeps callers from waiting for a store that does not answer: after several failures in a row each call is refused
 * at once, until a probe in the background succeeds.
 */
export class Circuit {
  readonly #probe: () => Promise<unknown>;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(probe: () => Promise<unknown>) {
    this.#probe = probe;
  }

  get isOpen(): boolean {
    return this.#timer !== null;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    if (++this.#failures >= FAILURES && this.#timer === null) this.#wait();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      void this.#tryToClose();
    }, PROBE_MS);
    this.#timer.unref();
  }

  async #tryToClose(): Promise<void> {
    try {
      await this.#probe();
      this.#failures = 0;
      this.#timer = null;
    } catch {
      // Not while the circuit was closed for good meanwhile.
      if (this.#timer !== null) this.#wait();
    }
  }
}

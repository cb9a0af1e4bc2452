import v8 from "node:v8";

/**
 * V8 counts memory of the engine that we look at as if a script had allocated it, and allows a small heap only some ten
 * megabytes of that until it marks everything again: dozens of times a second while a result streams by. Between `enter`
 * and `leave` a small heap may see as much as `AHEAD` before the next time; a heap that is large does so by itself. So it
 * stays for `LINGER` after the last `leave`: what has been read is put into order then, in as much memory again.
 */
export class CollectionPace {
  #streams = 0;
  #lingers: NodeJS.Timeout | undefined;

  enter(): void {
    clearTimeout(this.#lingers);
    if (this.#streams++ > 0) return;
    const used = Math.max(v8.getHeapStatistics().used_heap_size, 2 ** 20);
    if (used < AHEAD) v8.setFlagsFromString(`--heap-growing-percent=${Math.round((100 * AHEAD) / used)}`);
  }

  leave(): void {
    if (--this.#streams > 0) return;
    // 0: as V8 sees fit.
    this.#lingers = setTimeout(() => v8.setFlagsFromString("--heap-growing-percent=0"), LINGER).unref();
  }
}

const AHEAD = 64 * 2 ** 20;
/** In milliseconds. */
const LINGER = 1_000;

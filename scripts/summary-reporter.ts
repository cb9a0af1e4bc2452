import { writeSync } from "node:fs";
import type { SerializedError } from "vitest";
import type { Reporter, TestModule, TestRunEndReason, Vitest } from "vitest/node";

/**
 * Prints the seed of generated tests first and `N passed, N failed` (`, N skipped`) last, alone on its line. A file
 * or a hook that breaks outside of a test, an unhandled error and a run without tests count as failed.
 */
export default class SummaryReporter implements Reporter {
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  #watching = false;

  onInit(vitest: Vitest): void {
    this.#watching = vitest.config.watch;
    process.stdout.write(`seed of generated tests: ${process.env["ASOF_SEED"] ?? "20010630"} (ASOF_SEED)\n`);
    // Other reporters write after us; nothing writes after exit.
    if (!this.#watching) process.once("exit", () => writeSync(1, `${this.#line()}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    this.#passed = this.#failed = this.#skipped = 0;
    for (const module of modules) {
      this.#failed += module.errors().length;
      for (const suite of module.children.allSuites()) this.#failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") this.#passed += 1;
        else if (state === "failed") this.#failed += 1;
        else this.#skipped += 1;
      }
    }
    this.#failed += unhandled.length;
    if (this.#failed === 0 && (reason !== "passed" || this.#passed + this.#skipped === 0)) this.#failed = 1;
    if (this.#watching) process.stdout.write(`${this.#line()}\n`);
  }

  #line(): string {
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : "";
    return `${this.#passed} passed, ${this.#failed} failed${skipped}`;
  }
}

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, in the order of the time they take: what is begun last must not be waited for alone. */
const LONGEST = [
  "test/verify/planted-faults.test.ts",
  "test/console/console.test.ts",
  "test/flow/forget.test.ts",
  "test/flow/redis.test.ts",
  "test/flow/crash.test.ts",
  "test/flow/known-skews.test.ts",
  "test/cli/whole-loop.test.ts",
  "test/flow/workers.test.ts",
  "test/flow/external-trainer.test.ts",
];

/** By the times of the run before; where there was none these files come first, then by size. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const known = sorted.every((file) => this.ctx.cache.getTestSpecificationResult(file) !== undefined);
    if (known) return sorted;
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((file) => moduleId.endsWith(file));
      return at < 0 ? LONGEST.length : at;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

import { AsofError } from "../../src/core/errors.ts";
import { Random } from "../../src/surfaces/verify/random.ts";
import { mutate } from "./mutate.ts";
import type { OpenTarget, Sample, Target } from "./target.ts";

export interface Case {
  readonly sample: Sample;
  readonly bytes: Uint8Array;
}

/** What came of a case: read, refused by a code, or what must not be. */
export type Verdict = { readonly is: "value" | "refused" } | { readonly is: "finding"; readonly error: string };

const READ: Verdict = { is: "value" };
const REFUSED: Verdict = { is: "refused" };

/** A case of a target: the same for the same seed and number, whatever ran before. */
export function caseOf(target: Target, open: OpenTarget, seed: number, number: number): Case {
  const random = new Random(seed, hashOf(target.name), number);
  const sample = random.pick(open.samples);
  // Now and then as it was: what is real must be read.
  if (random.chance(0.002)) return { sample, bytes: sample.bytes.slice() };
  const other = random.chance(0.5) ? sample : random.pick(open.samples);
  const bytes = mutate(random, target.syntax, sample.bytes, other.bytes);
  const repaired = open.repair !== undefined && random.chance(0.75) ? open.repair(bytes, sample) : bytes;
  return { sample, bytes: repaired };
}

/** Tries a case; resolves at once where the target does not wait. */
export function tryCase(target: Target, open: OpenTarget, { sample, bytes }: Case): Verdict | Promise<Verdict> {
  try {
    const read = open.read(bytes, sample);
    return read instanceof Promise
      ? read.then(
          () => READ,
          (error: unknown) => judged(target, error),
        )
      : READ;
  } catch (error) {
    return judged(target, error);
  }
}

function judged({ refusals }: Target, error: unknown): Verdict {
  if (error instanceof AsofError && refusals.includes(error.code)) return REFUSED;
  return { is: "finding", error: told(error) };
}

export function told(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const cause = error.cause === undefined ? "" : `\ncaused by ${told(error.cause)}`;
  return `${error.stack ?? `${error.name}: ${error.message}`}${cause}`;
}

function hashOf(name: string): number {
  let hash = 17;
  for (const character of name) hash = (Math.imul(hash, 31) + character.codePointAt(0)!) | 0;
  return hash;
}

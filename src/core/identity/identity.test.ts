import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter } from "../codec/bytes.ts";
import { decodeIdentity, encodeIdentity } from "../codec/identity-codec.ts";
import {
  awaited,
  type Content,
  type Identity,
  met,
  onCorrect,
  onInsert,
  onRetract,
  recorded,
  unknown,
  withdrawn,
} from "./identity.ts";

/** One id's operations; content is a letter. */
type Operation = { readonly op: "insert" | "correct"; readonly content: string } | { readonly op: "retract" };

const content = fc.constantFrom("a", "b", "c");
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant("insert" as const), content }),
  fc.record({ op: fc.constant("correct" as const), content }),
  fc.constant({ op: "retract" as const }),
);

/** The contract read literally: all versions that were ever taken, and the retractions that found none. */
class NaiveRecord {
  readonly versions: { readonly content: string; readonly at: number; withdrawn: number | null }[] = [];
  private waiting: number | null = null;

  insert(content: string, at: number): string {
    if (this.versions.some((version) => version.content === content)) return "duplicate";
    if (this.waiting !== null) {
      this.versions.push({ content, at, withdrawn: this.waiting });
      this.waiting = null;
      return "withdrawn";
    }
    if (this.versions.length > 0) return "conflict";
    this.versions.push({ content, at, withdrawn: null });
    return "new";
  }

  retract(at: number): string {
    const counting = this.versions.find((version) => version.withdrawn === null);
    if (counting !== undefined) {
      counting.withdrawn = at;
      return "withdraw";
    }
    if (this.versions.length > 0 || this.waiting !== null) return "duplicate";
    this.waiting = at;
    return "wait";
  }

  correct(content: string, at: number): string {
    const counting = this.versions.find((version) => version.withdrawn === null);
    if (counting?.content === content) return "duplicate";
    const how = this.retract(at);
    this.versions.push({ content, at, withdrawn: null });
    return { withdraw: "replace", wait: "wait", duplicate: "new" }[how]!;
  }
}

const bytesOf = (text: string): Content => ({ schema: "0123456789abcdef", row: new TextEncoder().encode(text) });
const version = (text: string, position: number): Parameters<typeof recorded>[1] => ({
  ...bytesOf(text),
  position,
  origin: "stream",
  event: 0,
  available: position,
});

type Fact = (identity: Identity) => Identity;

/** What an operation is answered with, and the facts that it brings into the log. */
function operate(identity: Identity, operation: Operation, at: number): { answer: string; facts: Fact[] } {
  const { live, waiting } = identity;
  const withdraw: Fact = (known) => withdrawn(known, live!.position, live!.row);
  const wait: Fact = (known) => awaited(known, at);
  if (operation.op === "retract") {
    const answer = onRetract(identity);
    return { answer, facts: answer === "withdraw" ? [withdraw] : answer === "wait" ? [wait] : [] };
  }
  const given = bytesOf(operation.content);
  const record: Fact = (known) => recorded(known, version(operation.content, at));
  if (operation.op === "correct") {
    const answer = onCorrect(identity, given);
    const before = answer === "replace" ? [withdraw] : answer === "wait" ? [wait] : [];
    return { answer, facts: answer === "duplicate" ? [] : [...before, record] };
  }
  const answer = onInsert(identity, given);
  expect(answer === "withdrawn").toBe(answer === "withdrawn" && waiting !== null);
  return { answer, facts: answer === "new" ? [record] : answer === "withdrawn" ? [(k) => met(k, given.row)] : [] };
}

function stored(identity: Identity): Identity {
  const out = new ByteWriter();
  encodeIdentity(out, identity);
  return decodeIdentity(out.finish());
}

test("every operation is answered as the contract says, and what counts is what counts by it", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 14 }), (operations) => {
      const naive = new NaiveRecord();
      let identity = unknown;
      for (const [i, one] of operations.entries()) {
        const { answer, facts } = operate(identity, one, i + 1);
        const expected = one.op === "retract" ? naive.retract(i + 1) : naive[one.op](one.content, i + 1);
        expect(answer, `operation ${i} of ${JSON.stringify(operations)}`).toBe(expected);
        identity = stored(facts.reduce((known, fact) => fact(known), identity));
        const counting = naive.versions.filter((candidate) => candidate.withdrawn === null);
        expect(counting.length).toBeLessThanOrEqual(1);
        expect(identity.live?.position).toBe(counting[0]?.at);
      }
    }),
    { numRuns: 3000 },
  );
});

test("facts applied again, from any position to the end, change nothing", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 14 }), fc.nat(), (operations, random) => {
      let identity = unknown;
      const log: Fact[] = [];
      for (const [i, one] of operations.entries()) {
        const { facts } = operate(identity, one, i + 1);
        identity = facts.reduce((known, fact) => fact(known), identity);
        log.push(...facts);
      }
      const from = random % (log.length + 1);
      expect(log.slice(from).reduce((known, fact) => fact(known), identity)).toEqual(identity);
    }),
    { numRuns: 3000 },
  );
});

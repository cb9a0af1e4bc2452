import fc from "fast-check";
import { expect, test } from "vitest";
import { NaiveRecord } from "../../../test/oracle/naive-record.ts";
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
  const { live } = identity;
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
        expect(naive.versions.filter((candidate) => candidate.withdrawn === null).length).toBeLessThanOrEqual(1);
        expect(identity.live?.position).toBe(naive.counting?.at);
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

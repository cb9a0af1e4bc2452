import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import type { KeyedRequest } from "../../core/codec/keyed-request.ts";
import { availableOf, encodeRecords, ENTRY, type StreamRecord } from "../../core/codec/record-batch.ts";
import { encodeRetractions, positionsOf, type Redo } from "../../core/codec/retractions.ts";
import { encodeWithdrawals, type Withdrawal } from "../../core/codec/withdrawals.ts";
import type { Version } from "../../core/identity/identity.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Identities } from "./identities.ts";
import type { Appended, GroupEntry } from "./log-writer.ts";
import { remember } from "./requests.ts";
import type { SourceIdentity } from "./source-identity.ts";
import { WorkingIdentities } from "./working-identities.ts";

/** What one request to a source with an `id` brings into the log. */
export interface EntryGroup {
  /** Ids whose retractions wait for their records. */
  readonly waiting: readonly Row[];
  readonly withdrawn: readonly Version[];
  /** Records that a retraction has waited for, since a moment: they are withdrawn before they were visible. */
  readonly met: readonly (StreamRecord & { readonly since: Timestamp })[];
  readonly records: readonly StreamRecord[];
  readonly request: KeyedRequest | null;
  /** The request itself, for the case that a crash keeps a part of the entries only. */
  readonly redo: Redo;
}

export interface AppendedGroup {
  /** Where the records are; where there are none, what came in their place. */
  readonly at: Appended;
  readonly durable: Promise<void>;
}

const out = new ByteWriter();

/**
 * Appends a group and puts what follows from it into the index. In the log come the retractions that wait, then what is
 * withdrawn, then the records.
 * @throws ASOF_CLOCK_JUMP, with nothing appended
 */
export function appendGroup(
  identities: Identities,
  source: SourceIdentity,
  group: EntryGroup,
  working: WorkingIdentities,
): AppendedGroup {
  const { waiting, withdrawn, met, records, request, redo } = group;
  const { name, fields, id = [] } = source.source;
  const { schema } = source.stream;
  const withdrawals = withdrawn.length + met.length;
  const follow = withdrawals + records.length;
  const parts = [waiting.length, withdrawals, records.length].filter((count) => count > 0).length;
  // A single entry of records carries the request itself.
  const headed = waiting.length > 0 || parts > 1 || (request !== null && records.length === 0);
  const finish = (encode: () => void): Uint8Array => {
    out.reset();
    encode();
    return out.finish();
  };

  const entries: GroupEntry[] = [];
  const facts: ((at: Appended) => void)[] = [];
  if (headed) {
    const head = { waiting, follow, request, redo: follow > 0 ? redo : null };
    entries.push({
      kind: ENTRY.retractions,
      count: positionsOf(head),
      payload: () => finish(() => encodeRetractions(out, schema, source.codec, fields, id, head)),
    });
    facts.push((at) => working.waiting(waiting, at));
  }
  if (withdrawals > 0) {
    let made: Withdrawal[] = [];
    entries.push({
      kind: ENTRY.withdrawals,
      count: withdrawals,
      payload: ({ position, stamp }) => {
        made = [
          ...withdrawn.map((version, i): Withdrawal => {
            const { position: target, origin, event, available, row } = version;
            const decoded = source.codec.decode(new ByteReader(row));
            return { target, origin, event, available, withdrawn: stamp + i, row: decoded };
          }),
          ...met.map(({ event, row, since }, i): Withdrawal => {
            const [target, arrival] = [position + withdrawn.length + i, stamp + withdrawn.length + i];
            const available = availableOf(event, arrival);
            return { target, origin: "nowhere", event, available, withdrawn: since, row };
          }),
        ];
        return finish(() => encodeWithdrawals(out, schema, source.codec, made));
      },
    });
    facts.push(() => working.withdrawals(made));
  }
  if (records.length > 0) {
    entries.push({
      kind: ENTRY.records,
      count: records.length,
      payload: () => finish(() => encodeRecords(out, schema, source.codec, records, headed ? null : request)),
    });
    facts.push((at) => working.records(records, at));
  }

  const { at, durable } = identities.append(name, entries);
  for (const [i, fact] of facts.entries()) fact(at[i]);
  working.put(identities);
  return { at: at[at.length - 1], durable };
}

/** Remembers a request that brought nothing new. */
export async function rememberAlone(
  identities: Identities,
  source: SourceIdentity,
  request: KeyedRequest,
): Promise<void> {
  const group: EntryGroup = {
    waiting: [],
    withdrawn: [],
    met: [],
    records: [],
    request,
    redo: { what: "retract", ids: [] },
  };
  const working = await WorkingIdentities.of(source, identities, []);
  const { at, durable } = appendGroup(identities, source, group, working);
  remember(identities, source.source, request, at);
  await durable;
}

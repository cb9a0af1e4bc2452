import { availableOf, type StreamRecord } from "../../core/codec/record-batch.ts";
import type { Withdrawal } from "../../core/codec/withdrawals.ts";
import { awaited, type Identity, met, recorded, withdrawn } from "../../core/identity/identity.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Identities } from "./identities.ts";
import { keyText } from "./identities.ts";
import type { Appended } from "./log-writer.ts";
import type { SourceIdentity } from "./source-identity.ts";

/** Ids of one source while a request or an entry of the log is worked through. */
export class WorkingIdentities {
  private readonly source: SourceIdentity;
  private readonly known: Map<string, { readonly key: Uint8Array; value: Identity }>;
  private readonly changed = new Set<string>();

  private constructor(source: SourceIdentity, known: WorkingIdentities["known"]) {
    this.source = source;
    this.known = known;
  }

  /** Takes up what is known of the ids of rows. A promise only where the store answers with one. */
  static of(
    source: SourceIdentity,
    identities: Identities,
    rows: readonly Row[],
  ): WorkingIdentities | Promise<WorkingIdentities> {
    const keys = rows.map((row) => source.key(row));
    const make = (values: readonly Identity[]): WorkingIdentities =>
      new WorkingIdentities(source, new Map(keys.map((key, i) => [keyText(key), { key, value: values[i] }])));
    const found = identities.lookUp(source, keys);
    return found instanceof Promise ? found.then(make) : make(found);
  }

  /** The same to try things on. */
  copy(): WorkingIdentities {
    return new WorkingIdentities(this.source, new Map([...this.known].map(([text, held]) => [text, { ...held }])));
  }

  get(row: Row): Identity {
    return this.known.get(keyText(this.source.key(row)))!.value;
  }

  change(row: Row, change: (identity: Identity) => Identity): void {
    const text = keyText(this.source.key(row));
    const held = this.known.get(text)!;
    held.value = change(held.value);
    this.changed.add(text);
  }

  /** Records of the log are facts, in the shape in which they were written: `contentOf` tells of another one. */
  records(records: readonly StreamRecord[], { position, stamp }: Appended, contentOf = this.source.content): void {
    for (const [i, { event, row }] of records.entries())
      this.change(row, (identity) =>
        recorded(identity, {
          position: position + i,
          origin: "stream",
          event,
          available: availableOf(event, stamp + i),
          ...contentOf(row),
        }),
      );
  }

  withdrawals(withdrawals: readonly Withdrawal[], contentOf = this.source.content): void {
    for (const { origin, target, row } of withdrawals) {
      const content = contentOf(row).row;
      this.change(row, (identity) =>
        origin === "nowhere" ? met(identity, content) : withdrawn(identity, target, content),
      );
    }
  }

  waiting(ids: readonly Row[], { stamp }: Appended): void {
    for (const [i, id] of ids.entries()) this.change(id, (identity) => awaited(identity, stamp + i));
  }

  /** Hands what has changed to the index. */
  put(identities: Identities): void {
    for (const text of this.changed) {
      const { key, value } = this.known.get(text)!;
      identities.put(key, value);
    }
  }
}

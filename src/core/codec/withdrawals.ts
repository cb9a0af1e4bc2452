import { AsofError } from "../errors.ts";
import type { Row } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { RowCodec } from "./row-codec.ts";

/**
 * A record of a source with an `id` that is withdrawn, as it was accepted, with the moment from which on that is
 * known: the record is visible at t only where not `withdrawn < t`.
 */
export interface Withdrawal {
  /** The log position of the record; that of its load where it came with one. */
  readonly target: number;
  /**
   * Where the record is: among those of the log, in the files of a load, or nowhere, because it came after its own
   * withdrawal and was never visible.
   */
  readonly origin: "stream" | "load" | "nowhere";
  readonly event: Timestamp;
  /** When the record became available. */
  readonly available: Timestamp;
  readonly withdrawn: Timestamp;
  readonly row: Row;
}

const FORMAT = 1;
const ORIGINS = ["stream", "load", "nowhere"] as const;

/** The payload of a withdrawals entry: version, the schema of the rows, then each withdrawal. */
export function encodeWithdrawals(
  out: ByteWriter,
  schema: string,
  codec: RowCodec,
  withdrawals: readonly Withdrawal[],
): void {
  out.u8(FORMAT);
  out.string(schema);
  for (const { target, origin, event, available, withdrawn, row } of withdrawals) {
    out.varint(target);
    out.u8(ORIGINS.indexOf(origin));
    out.zigzag(event);
    out.zigzag(available);
    out.zigzag(withdrawn);
    codec.encode(out, row);
  }
}

/**
 * Reads the payload of a withdrawals entry, to the end; `codecOf` gives the codec of the schema that wrote it.
 * @throws AsofError ASOF_CORRUPT, ASOF_FORMAT
 */
export function decodeWithdrawals(
  input: ByteReader,
  count: number,
  codecOf: (schema: string) => RowCodec,
): Withdrawal[] {
  const codec = codecOf(schemaOfWithdrawals(input));
  const withdrawals: Withdrawal[] = [];
  for (let i = 0; i < count; i++) {
    const target = input.varint();
    const origin = ORIGINS[input.u8()];
    if (origin === undefined) throw new AsofError("ASOF_CORRUPT", "a withdrawal in the log has an unknown origin");
    const [event, available, withdrawn] = [input.zigzag(), input.zigzag(), input.zigzag()];
    withdrawals.push({ target, origin, event, available, withdrawn, row: codec.decode(input) });
  }
  input.end();
  return withdrawals;
}

/** Reads the head of a withdrawals entry: the schema of its rows. @throws AsofError ASOF_CORRUPT, ASOF_FORMAT */
export function schemaOfWithdrawals(input: ByteReader): string {
  const version = input.u8();
  if (version !== FORMAT)
    throw new AsofError("ASOF_FORMAT", `a log entry has format ${version}; this version reads ${FORMAT}`, { version });
  return input.string();
}

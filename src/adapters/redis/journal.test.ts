import { expect, test } from "vitest";
import { ByteWriter } from "../../core/codec/bytes.ts";
import type { AsofError } from "../../core/errors.ts";
import { decodeJournal, encodeJournal } from "./journal.ts";

test("a journal is read as it was written; a damaged number of changes is refused, whatever it is", () => {
  const changes = [
    [Uint8Array.of(1, 2), Uint8Array.of(3)],
    [Uint8Array.of(4), null],
  ] as const;
  expect(decodeJournal(encodeJournal(7, changes).slice())).toEqual({ commit: 7, changes });
  for (const count of [3, 2 ** 31, 2 ** 32, 2 ** 53]) {
    const out = new ByteWriter();
    out.u8(1);
    out.varint(7);
    out.varint(count);
    out.bytes(Uint8Array.of(1, 2));
    out.u8(0);
    expect(() => decodeJournal(out.finish())).toThrow(expect.objectContaining({ code: "ASOF_CORRUPT" }) as AsofError);
  }
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { refusesDamage } from "../../../test/oracle/damage.ts";
import { scenario, scenarioFields } from "../../../test/oracle/generators.ts";
import { contributionsOf, StoredKey } from "../../../test/oracle/stored-key.ts";
import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import type { AsofError } from "../errors.ts";
import { decodeBlock, decodeHead, encodeBlock, encodeHead, TILE_FORMAT } from "./key-state-codec.ts";
import { layoutOf } from "./view-layout.ts";

const kinds = [
  "count",
  "sum",
  "avg",
  "var",
  "stddev",
  "min",
  "max",
  "countDistinct",
  "topK",
  "histogram",
  "first",
  "last",
  "lastN",
  "per",
] as const;

test.each([false, true])(
  "heads and blocks are read as they were written; damaged ones are refused or are others (retractable: %s)",
  (withdrawals) => {
    fc.assert(
      fc.property(
        scenario({ kinds, withdrawals }),
        fc.infiniteStream(fc.nat()),
        ({ view, records, moments }, random) => {
          const layout = layoutOf(view, scenarioFields);
          const stored = new StoredKey(layout);
          stored.fold(records.map(contributionsOf(layout, scenarioFields)), Math.max(...moments));
          for (const [name, bytes] of stored.bytes) {
            const out = new ByteWriter();
            if (name === "head") {
              encodeHead(layout, decodeHead(layout, new ByteReader(bytes)), out);
              refusesDamage(bytes, random, (damaged) => void decodeHead(layout, new ByteReader(damaged)));
            } else {
              const [level, block] = name.split("/").map(Number);
              encodeBlock(layout, level, block, decodeBlock(layout, level, block, new ByteReader(bytes)), out);
              refusesDamage(
                bytes,
                random,
                (damaged) => void decodeBlock(layout, level, block, new ByteReader(damaged)),
              );
            }
            expect(out.finish()).toEqual(bytes);
          }
        },
      ),
      { numRuns: 60 },
    );
  },
);

test("a newer format is refused by its code", () => {
  const layout = layoutOf(
    {
      kind: "aggregateView",
      name: "view",
      source: "source",
      entity: "entity",
      keys: {},
      features: [
        { name: "n", aggregation: { kind: "count" }, of: null, where: null, window: { length: 2, hop: 1, offset: 0 } },
      ],
    },
    scenarioFields,
  );
  for (const decode of [
    () => decodeHead(layout, new ByteReader(Uint8Array.of(TILE_FORMAT + 1))),
    () => decodeBlock(layout, 0, 0, new ByteReader(Uint8Array.of(TILE_FORMAT + 1))),
  ])
    expect(decode).toThrow(expect.objectContaining({ code: "ASOF_FORMAT" }) as AsofError);
});

import { murmur3 } from "../aggregation/murmur3.ts";
import type { Row } from "../schema/data-type.ts";

const words = new Uint32Array(4);

/** 128 bits of the canonical bytes of a row, as 32 hexadecimal digits: equal content, equal digest. */
export function contentDigest(row: Uint8Array): string {
  murmur3(row, words);
  return hex(words);
}

/** The digest of rows in whatever order, so that one content has one digest, by whatever way it comes. */
export class ContentSum {
  private readonly sum = new Uint32Array(4);
  rows = 0;

  add(row: Uint8Array): void {
    murmur3(row, words);
    for (let i = 0; i < 4; i++) this.sum[i] += words[i];
    this.rows++;
  }

  digest(): string {
    return hex(this.sum);
  }
}

/** The sums that rows would have had in other shapes: of those alone that have all of them. */
export class EarlierSums {
  private sums: { readonly bytesOf: (row: Row) => Uint8Array | null; readonly sum: ContentSum }[];

  constructor(shapes: readonly ((row: Row) => Uint8Array | null)[]) {
    this.sums = shapes.map((bytesOf) => ({ bytesOf, sum: new ContentSum() }));
  }

  add(row: Row): void {
    this.sums = this.sums.filter(({ bytesOf, sum }) => {
      const bytes = bytesOf(row);
      if (bytes !== null) sum.add(bytes);
      return bytes !== null;
    });
  }

  digests(): string[] {
    return this.sums.map(({ sum }) => sum.digest());
  }
}

function hex(of: Uint32Array): string {
  let text = "";
  for (const word of of) text += word.toString(16).padStart(8, "0");
  return text;
}

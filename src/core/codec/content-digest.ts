import { murmur3 } from "../aggregation/murmur3.ts";

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

function hex(of: Uint32Array): string {
  let text = "";
  for (const word of of) text += word.toString(16).padStart(8, "0");
  return text;
}

/**
 * SHA-256, incrementally. Method: FIPS 180-4. Here because core is pure and must fingerprint definitions and
 * training sets without a platform's crypto.
 */
export class Sha256 {
  private readonly hash = Uint32Array.from(initial);
  private readonly block = new Uint8Array(64);
  private readonly view = new DataView(this.block.buffer);
  private readonly words = new Uint32Array(64);
  private filled = 0;
  private length = 0;

  update(bytes: Uint8Array): this {
    this.length += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      const n = Math.min(64 - this.filled, bytes.length - at);
      this.block.set(bytes.subarray(at, at + n), this.filled);
      this.filled += n;
      at += n;
      if (this.filled === 64) this.compress();
    }
    return this;
  }

  /** Ends the message; 64 hexadecimal digits. */
  digest(): string {
    const { length } = this;
    this.update(Uint8Array.of(0x80));
    while (this.filled !== 56) this.update(Uint8Array.of(0));
    this.view.setUint32(56, Math.floor(length / 0x20000000));
    this.view.setUint32(60, length << 3);
    this.compress();
    return Array.from(this.hash, (word) => word.toString(16).padStart(8, "0")).join("");
  }

  private compress(): void {
    const { hash, words: w, view } = this;
    this.filled = 0;
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(i * 4);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15];
      const b = w[i - 2];
      w[i] =
        w[i - 16] +
        (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) +
        w[i - 7] +
        (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i++) {
      const t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i] + w[i]) | 0;
      const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (hash[i] += word));
  }
}

/** SHA-256 of a text's UTF-8 bytes, or of bytes: 64 hexadecimal digits. */
export function sha256(message: string | Uint8Array): string {
  return new Sha256().update(typeof message === "string" ? new TextEncoder().encode(message) : message).digest();
}

function rotate(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by));
}

/** The first 32 bits of the fractional part of a root, for each of the first `n` primes. */
function fractions(n: number, root: (p: number) => number): Uint32Array {
  const words = new Uint32Array(n);
  for (let p = 2, found = 0; found < n; p++) {
    let prime = true;
    for (let d = 2; d * d <= p; d++) if (p % d === 0) prime = false;
    if (prime) words[found++] = Math.floor((root(p) % 1) * 2 ** 32);
  }
  return words;
}

const initial = fractions(8, Math.sqrt);
const rounds = fractions(64, Math.cbrt);

/** Data of golden files as JSON: int64s, bytes, and numbers that JSON lacks are objects of one name. */
export function goldenJson(data: unknown): string {
  return `${JSON.stringify(plain(data), null, 1)}\n`;
}

/** The way back from `goldenJson`. */
export function parseGoldenJson(text: string): unknown {
  return revive(JSON.parse(text));
}

function plain(data: unknown): unknown {
  if (typeof data === "bigint") return { $int64: String(data) };
  if (typeof data === "number")
    return Number.isFinite(data) && !Object.is(data, -0)
      ? data
      : { $number: Object.is(data, -0) ? "-0" : String(data) };
  if (data instanceof Uint8Array) return { $hex: Buffer.from(data).toString("hex") };
  if (Array.isArray(data)) return data.map(plain);
  if (typeof data === "object" && data !== null)
    return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, plain(value)]));
  return data;
}

function revive(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(revive);
  if (typeof data !== "object" || data === null) return data;
  const { $int64, $number, $hex } = data as Readonly<Record<string, string>>;
  if ($int64 !== undefined) return BigInt($int64);
  if ($number !== undefined) return Number($number);
  if ($hex !== undefined) return Uint8Array.from(Buffer.from($hex, "hex"));
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, revive(value)]));
}

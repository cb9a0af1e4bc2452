/** Round numbers, evenly apart, from below all values to above them: three to six of them. */
export function roundTicks(values: readonly number[]): readonly number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = roundStep(Math.max(high - low, Math.abs(high) / 20, 1e-9) / 4);
  const [first, last] = [Math.floor(low / step), Math.max(Math.ceil(high / step), Math.floor(low / step) + 1)];
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** The round numbers from `low` to `high`, evenly apart: about as many as are asked for, `low` and `high` among them if they are round. */
export function roundTicksWithin(low: number, high: number, about: number): readonly number[] {
  const step = roundStep(Math.max(high - low, 1e-9) / about);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}

/** 1, 2 or 5 times a power of ten, from `rough` on. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (rough <= power ? 1 : rough <= power * 2 ? 2 : rough <= power * 5 ? 5 : 10);
}

/** Ticks with as many digits behind the point as tell them apart. */
export function tickTexts(ticks: readonly number[]): readonly string[] {
  const step = ticks.length < 2 ? Math.abs(ticks[0] ?? 1) || 1 : ticks[1] - ticks[0];
  const places = Math.max(0, Math.min(10, -Math.floor(Math.log10(step) + 1e-9)));
  const plain = new Intl.NumberFormat("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  return ticks.map((tick) => plain.format(tick === 0 ? 0 : tick).replace(/^-/, "−"));
}

/** What someone who wrote this name may have meant, as the end of a sentence: the nearest that there is, and all. */
export function suggest(name: string, known: readonly string[]): string {
  if (known.length === 0) return "there is none";
  const all = `there is ${known.join(", ")}`;
  const distances = known.map((one) => distance(name, one));
  const least = Math.min(...distances);
  return least <= Math.max(1, Math.floor(name.length / 3))
    ? `did you mean ${known[distances.indexOf(least)]}? ${all}`
    : all;
}

/** How many characters must be put in, taken out, replaced or swapped with the next. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}

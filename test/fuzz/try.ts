// Development: tries a target in this process.
import { caseOf, tryCase } from "./cases.ts";
import { targets } from "./targets.ts";
const [name, n, seed] = [process.argv[2], Number(process.argv[3] ?? 20000), Number(process.argv[4] ?? 1)];
for (const target of targets.filter((one) => name === "all" || one.name.includes(name))) {
  const open = await target.open();
  const seen = new Map<string, [number, string]>();
  const tally: Record<string, number> = { value: 0, refused: 0, finding: 0 };
  const t0 = performance.now();
  let slowest = 0,
    slowestI = 0;
  for (let i = 0; i < n; i++) {
    const made = caseOf(target, open, seed, i);
    const s = performance.now();
    const verdict = await tryCase(target, open, made);
    const took = performance.now() - s;
    if (took > slowest) [slowest, slowestI] = [took, i];
    tally[verdict.is]++;
    if (verdict.is === "finding") {
      const key = verdict.error
        .split("\n")
        .slice(0, 1)
        .join("")
        .replace(/[0-9a-f]{8,}|\d+/g, "#")
        .slice(0, 90);
      const have = seen.get(key);
      if (have === undefined) seen.set(key, [1, `case ${i} ${made.sample.name}\n${verdict.error.slice(0, 900)}`]);
      else have[0]++;
    }
  }
  await open.close?.();
  console.log(
    `== ${target.name} ${JSON.stringify(tally)} ${((n / (performance.now() - t0)) * 1000).toFixed(0)}/s slowest ${slowest.toFixed(1)} ms at ${slowestI} rss ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`,
  );
  for (const [, [count, text]] of seen) console.log(`-- ${count}x ${text}`);
}

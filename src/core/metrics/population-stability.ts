/**
 * The population stability index of two samples that are counted in the same bins: Σ (a − e) · ln(a / e), where e and a
 * are the shares of a bin in the expected and in the actual sample. It is the symmetrised Kullback–Leibler divergence
 * (Jeffreys, 1946), in credit scoring known by this name (Siddiqi, Credit Risk Scorecards, 2006), who reads less than 0.1
 * as stable, up to 0.25 as some change and more as much.
 *
 * Half a count is added to each bin of each sample (the Jeffreys prior), so that a bin which one sample lacks counts
 * by how many were asked; bins that both lack do not count. Null where a sample is empty.
 */
export function populationStability(expected: readonly number[], actual: readonly number[]): number | null {
  const used = usedBins(expected, actual);
  const [ofExpected, ofActual] = [sum(expected), sum(actual)];
  if (ofExpected === 0 || ofActual === 0) return null;
  let index = 0;
  for (const bin of used) {
    const e = (expected[bin] + 0.5) / (ofExpected + used.length / 2);
    const a = (actual[bin] + 0.5) / (ofActual + used.length / 2);
    index += (a - e) * Math.log(a / e);
  }
  return index;
}

/**
 * The index that two samples of one and the same distribution have on average: about (B − 1) · (1/n + 1/m) for B bins
 * (Yurdakul and Naranjo, Statistical properties of the population stability index, 2020). An index of this size means
 * nothing. Null where a sample is empty.
 */
export function stabilityByChance(expected: readonly number[], actual: readonly number[]): number | null {
  const [ofExpected, ofActual] = [sum(expected), sum(actual)];
  if (ofExpected === 0 || ofActual === 0) return null;
  return (usedBins(expected, actual).length - 1) * (1 / ofExpected + 1 / ofActual);
}

function usedBins(expected: readonly number[], actual: readonly number[]): number[] {
  return expected.flatMap((count, bin) => (count > 0 || actual[bin] > 0 ? [bin] : []));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

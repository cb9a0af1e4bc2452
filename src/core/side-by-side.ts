/**
 * Does something with each of some things, so many at once; resolves to the results in their order. The first failure ends it:
 * nothing else is begun.
 */
export async function sideBySide<T, R>(
  things: readonly T[],
  most: number,
  work: (thing: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = things.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    try {
      for (const [i, thing] of waiting) {
        if (failed) return;
        results[i] = await work(thing);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, things.length) }, worker));
  return results;
}

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
      for (let next = waiting.next(); !failed && next.done !== true; next = waiting.next())
        results[next.value[0]] = await work(next.value[1]);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, things.length) }, worker));
  return results;
}

/** A promise that is rejected with what was thrown: for functions that give a promise without being asynchronous. */
export function rejected(thrown: unknown): Promise<never> {
  return Promise.reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
}

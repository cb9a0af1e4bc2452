/** Lets others have the event loop: what waits for it, such as answers to requests, goes first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** States what must hold if asof itself is right. A failure is our fault, never the user's. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`asof internal error: ${message}`);
}

/** Durations by name in a `Server-Timing` header. */
export function durationsIn(header: string | null): Readonly<Record<string, number>> | null {
  if (header === null) return null;
  const entries = [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, took]) => [name, Number(took)] as const);
  return Object.fromEntries(entries);
}

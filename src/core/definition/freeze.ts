/** Freezes plain data all the way down and returns it. */
export function freeze<T>(data: T): T {
  if (typeof data !== "object" || data === null) return data;
  for (const value of Object.values(data)) freeze(value);
  return Object.freeze(data);
}

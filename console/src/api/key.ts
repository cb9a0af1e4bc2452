/** The API key that the person signed in with: kept for this tab alone. */
const NAME = "asof.key";

export function signedInKey(): string | null {
  return sessionStorage.getItem(NAME);
}

export function keepKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(NAME);
  else sessionStorage.setItem(NAME, key);
}

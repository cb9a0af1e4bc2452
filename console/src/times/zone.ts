import { useSyncExternalStore } from "react";
import { clockTime, zoneName } from "../parts/figures.ts";

/** Whose time moments are shown in: everybody's, or that of where the person is. */
export type Zone = "UTC" | "local";

const KEY = "asof.times";
const listeners = new Set<() => void>();

export function chosenZone(): Zone {
  return localStorage.getItem(KEY) === "local" ? "local" : "UTC";
}

/** Shows moments in it from now on, and remembers that. */
export function chooseZone(zone: Zone): void {
  if (zone === "UTC") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, zone);
  for (const listener of listeners) listener();
}

export function useZone(): Zone {
  return useSyncExternalStore(listen, chosenZone);
}

/** Writes moments as the person wants them, to the second unless they are to be exact, with the name of the zone. */
export function useClock(): (moment: string, exact?: boolean) => string {
  const zone = useZone();
  return (moment, exact = false) => `${clockTime(moment, zone, exact)} ${zoneName(moment, zone)}`;
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

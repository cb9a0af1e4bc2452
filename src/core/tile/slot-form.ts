import { isEventSlot, type Slot } from "./view-layout.ts";

/** What the states of a slot can be kept and merged as without its algebra. */
export type SlotForm = typeof BY_ALGEBRA | typeof COUNT | typeof SUM | typeof NEWEST;
export const BY_ALGEBRA = 0;
/** A number of records or values. */
export const COUNT = 1;
/** A `NumberSum`. */
export const SUM = 2;
/** The newest event, which is in the newest tile that has any. */
export const NEWEST = 3;

export function formOf(slot: Slot): SlotForm {
  const { kind } = slot.spec;
  // What keeps its values so that they can be removed is stored otherwise.
  if (slot.tiled !== slot.algebra) return BY_ALGEBRA;
  if (isEventSlot(slot)) return NEWEST;
  return kind === "count" ? COUNT : kind === "sum" || kind === "avg" ? SUM : BY_ALGEBRA;
}

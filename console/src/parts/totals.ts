import type { Status } from "../api/answers.ts";

/** All raw records of a store, those that are only in its log among them. */
export function recordsOf({ offline }: Status): number {
  return offline.sources.reduce((sum, { rows }) => sum + rows, 0);
}

/** All keys that the online store has, of the views of a kind or of every kind. */
export function keysOnline({ views }: Status, kind?: string): number {
  return views
    .filter((view) => kind === undefined || view.kind === kind)
    .reduce((sum, { onlineKeys }) => sum + (onlineKeys ?? 0), 0);
}

/** All predictions that were logged. */
export function predictionsOf({ models }: Status): number {
  return models.reduce((sum, { served }) => sum + served, 0);
}

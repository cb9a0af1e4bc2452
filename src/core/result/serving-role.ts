/**
 * What a version of a model does while it serves: the current one answers, a canary answers for a share of the keys in
 * its place, a shadow predicts beside them and is logged, and answers nobody.
 */
export type ServingRole = "current" | "canary" | "shadow";

/** Of versions that are tried out. */
export type TrialRole = Exclude<ServingRole, "current">;

/** How a version is to serve. */
export type PromoteOptions =
  | { readonly as?: "current" | "shadow"; readonly share?: undefined }
  /** `share` of the keys: above 0, at most 1. */
  | { readonly as: "canary"; readonly share: number };

/** A share as people write it: 0.1 → "10%". */
export const shareText = (share: number): string => `${Number((share * 100).toPrecision(12))}%`;

// The folders of a store.

/** Parquet files of history: `offline/<stream>/day=<day>/<name>.parquet`. */
export const HISTORY = "offline";
/** Where files are written before they belong to the store. What lies there at start is left over from a crash. */
export const STAGING = "staging";
/** Bad rows that loads set aside. */
export const REJECTS = "rejects";
/** Trained models by the digest of their bytes. */
export const MODELS = "models";
/** Second names of files that a backup is copying, so that they stay meanwhile. Emptied at start, and where a key is forgotten. */
export const PINNED = "pinned";
/** The list of forgotten keys, which outlives a restore of everything else. */
export const FORGOTTEN_LIST = "forgotten.json";
/** When scheduled jobs ran last, and how that ended. */
export const SCHEDULE = "schedule.json";
/** What the offline engine spills. */
export const TEMPORARY = "temporary";

/**
 * The mode of a folder that is made for a store or a backup of one: records and hashes of keys are in it, which are not for
 * everybody who has an account on the machine. One that is there keeps its own.
 */
export const OWNER_ONLY = 0o700;

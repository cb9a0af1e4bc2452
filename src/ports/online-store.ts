/** A change of one key: new bytes, or null to remove it. */
export type Put = readonly [key: Uint8Array, value: Uint8Array | null];

export interface ReadOptions {
  /**
   * Holds each value against the checksum that was stored with it, where the store keeps any: what is read to be changed
   * and written again must not carry damage on. What is only served may do without. Default false.
   */
  readonly verify?: boolean;
}

/**
 * The present, as bytes under byte keys. What the bytes mean is core's business: codecs, watermark and position
 * are all values of keys, so that one read or one commit carries them together.
 *
 * - Snapshot: one `read` sees one committed state; it never mixes two commits.
 * - Atomicity: a `commit` is visible whole or not at all, to every process, also after a crash.
 * - Order: commits take effect in the order of their calls. One that fails changes nothing, and those that wait
 *   behind it fail with it.
 * - Durability: a crash of the process loses no resolved commit; a loss of power may fall back to the last
 *   `flushed` state, which is a whole earlier commit.
 * - Freshness: a read that begins after a commit of this process resolved sees it; a commit of another process is
 *   seen within 5 ms, also by a reader that never yields.
 * - Keys are 1 to 511 bytes and compare bytewise; a prefix may be empty. Values may be empty.
 * - After `close` every method fails with ASOF_CLOSED.
 */
export interface OnlineStore {
  /**
   * The same as long as all that a reader sees comes about by commits, one after another: it may keep what it was lent, and
   * judge by other keys of the same commit whether that has changed. Undefined where nobody can tell, as the store may
   * fall back, or be another's.
   */
  readonly generation?: number | undefined;

  /**
   * Looks up keys in one snapshot and calls `visit` once for each, in order. The bytes are lent for the duration of
   * that call only, and copied with `new Uint8Array`: they may be a Buffer, of which `slice` is no copy. A visit must
   * not read. A store that can answers synchronously; otherwise the promise resolves
   * after the last visit. @throws ASOF_CORRUPT
   */
  read(
    keys: readonly Uint8Array[],
    visit: (index: number, value: Uint8Array | undefined) => void,
    options?: ReadOptions,
  ): void | Promise<void>;

  /**
   * Applies changes atomically; of several changes of a key the last counts. Keys and values are lent until the
   * promise settles. @throws ASOF_HOME, ASOF_CLOSED
   */
  commit(changes: readonly Put[]): Promise<void>;

  /**
   * Has reads that begin from here on see what is committed by now, whoever did: another thread of this process tells of
   * its commits by words that get here before a look at the store would.
   */
  refresh(): void;

  /** Resolves once all that was committed before the call, by whomever, would survive a loss of power. */
  flushed(): Promise<void>;

  /** Keys that begin with `prefix`, ascending, with their values (copies). One snapshot, until the end or `return`. */
  scan(prefix: Uint8Array): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;

  /** Removes the keys that begin with `prefix`, in commits of bounded size. */
  clear(prefix: Uint8Array): Promise<void>;

  /**
   * Writes anew what is there, so that no byte of what was removed or replaced is left in the store's files. Others
   * wait meanwhile; other processes follow within 5 ms. A crash leaves the store whole, rewritten or not.
   */
  rewrite(): Promise<void>;

  /** How many keys begin with `prefix`. */
  count(prefix: Uint8Array): Promise<number>;

  /** Bytes on disk or in memory, as the store counts them. */
  bytes(): Promise<number>;

  /** Finishes commits under way and ends scans, which fail with ASOF_CLOSED at their next step. Idempotent. */
  close(): Promise<void>;
}

/** The store as those who only look values up see it. */
export type OnlineReader = Pick<OnlineStore, "read">;

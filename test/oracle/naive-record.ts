/** A version of a record that was taken. */
export interface NaiveVersion {
  readonly content: string;
  readonly at: number;
  withdrawn: number | null;
  /** Withdrawn before it came, by a retraction that waited for it. */
  readonly awaited: boolean;
}

/**
 * One record of a source with an `id`, by the contract read literally: all versions of it that were ever taken, and
 * whether a retraction found none. `at` numbers the operations.
 */
export class NaiveRecord {
  versions: NaiveVersion[] = [];
  private waiting: number | null = null;

  copy(): NaiveRecord {
    const other = new NaiveRecord();
    other.versions = this.versions.map((version) => ({ ...version }));
    other.waiting = this.waiting;
    return other;
  }

  get counting(): NaiveVersion | undefined {
    return this.versions.find(({ withdrawn }) => withdrawn === null);
  }

  insert(content: string, at: number): "duplicate" | "withdrawn" | "conflict" | "new" {
    if (this.versions.some((version) => version.content === content)) return "duplicate";
    if (this.waiting !== null) {
      this.versions.push({ content, at, withdrawn: this.waiting, awaited: true });
      this.waiting = null;
      return "withdrawn";
    }
    if (this.versions.length > 0) return "conflict";
    this.versions.push({ content, at, withdrawn: null, awaited: false });
    return "new";
  }

  retract(at: number): "withdraw" | "duplicate" | "wait" {
    const { counting } = this;
    if (counting !== undefined) {
      counting.withdrawn = at;
      return "withdraw";
    }
    if (this.versions.length > 0 || this.waiting !== null) return "duplicate";
    this.waiting = at;
    return "wait";
  }

  correct(content: string, at: number): "duplicate" | "replace" | "wait" | "new" {
    if (this.counting?.content === content) return "duplicate";
    const how = this.retract(at);
    this.versions.push({ content, at, withdrawn: null, awaited: false });
    return ({ withdraw: "replace", wait: "wait", duplicate: "new" } as const)[how];
  }
}

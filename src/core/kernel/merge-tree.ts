/**
 * A segment tree over the places of one key's records in order of event time: a record is put in at its place, and
 * the merge of any range of places is asked for. For aggregations that cannot remove. Both take O(log n) merges.
 * Method: the iterative bottom-up segment tree; merges here commute, so the order of the parts does not matter.
 */
export class MergeTree<S> {
  private readonly nodes: (S | undefined)[];
  private readonly size: number;
  private readonly merge: (a: S, b: S) => S;

  /** `merge` must leave both its arguments as they are. */
  constructor(size: number, merge: (a: S, b: S) => S) {
    this.size = size;
    this.nodes = Array.from({ length: 2 * size });
    this.merge = merge;
  }

  /** Puts a leaf in; takes it out again where it is undefined. */
  put(place: number, leaf: S | undefined): void {
    const { nodes } = this;
    let i = place + this.size;
    nodes[i] = leaf;
    for (i >>= 1; i >= 1; i >>= 1) nodes[i] = this.both(nodes[2 * i], nodes[2 * i + 1]);
  }

  /** The merge of the places [from, until); undefined where nothing was put. */
  range(from: number, until: number): S | undefined {
    let result: S | undefined;
    for (let a = from + this.size, b = until + this.size; a < b; a >>= 1, b >>= 1) {
      if (a & 1) result = this.both(result, this.nodes[a++]);
      if (b & 1) result = this.both(result, this.nodes[--b]);
    }
    return result;
  }

  private both(a: S | undefined, b: S | undefined): S | undefined {
    return a === undefined ? b : b === undefined ? a : this.merge(a, b);
  }
}

/** The first few of many in an order, without keeping the many. */
export class Top<T> {
  private readonly size: number;
  private readonly compare: (a: T, b: T) => number;
  private kept: T[] = [];

  constructor(size: number, compare: (a: T, b: T) => number) {
    this.size = size;
    this.compare = compare;
  }

  add(item: T): void {
    if (this.kept.push(item) >= 4 * this.size + 64) this.cut();
  }

  /** In their order. */
  list(): readonly T[] {
    this.cut();
    return this.kept;
  }

  private cut(): void {
    this.kept = this.kept.sort(this.compare).slice(0, this.size);
  }
}

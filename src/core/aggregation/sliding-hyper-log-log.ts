import { estimateOf, rankOf, RANKS, registerOf, REGISTERS } from "./hyper-log-log.ts";

/**
 * HyperLogLog of a set that values also leave: its estimate is that of a `HyperLogLog` of what is in it. It knows how
 * often each rank occurs in each register, and so what stands below the greatest.
 */
export class SlidingHyperLogLog {
  readonly #registers = new Uint8Array(REGISTERS);
  /** How many hashes there are by register and rank. */
  readonly #hashes = new Map<number, number>();
  /** How many registers have each rank. */
  readonly #ranks = new Float64Array(RANKS);

  constructor() {
    this.#ranks[0] = REGISTERS;
  }

  /** @param high upper, @param low lower 32 bits of a hash */
  add(high: number, low: number): void {
    const register = registerOf(high);
    const rank = rankOf(high, low);
    const id = register * RANKS + rank;
    this.#hashes.set(id, (this.#hashes.get(id) ?? 0) + 1);
    if (rank > this.#registers[register]) this.#set(register, rank);
  }

  /** Takes away a hash that was added. */
  remove(high: number, low: number): void {
    const register = registerOf(high);
    let rank = rankOf(high, low);
    const id = register * RANKS + rank;
    const rest = this.#hashes.get(id)! - 1;
    if (rest > 0) {
      this.#hashes.set(id, rest);
      return;
    }
    this.#hashes.delete(id);
    if (rank !== this.#registers[register]) return;
    do rank--;
    while (rank > 0 && !this.#hashes.has(register * RANKS + rank));
    this.#set(register, rank);
  }

  estimate(): number {
    return estimateOf(this.#ranks);
  }

  #set(register: number, rank: number): void {
    this.#ranks[this.#registers[register]]--;
    this.#ranks[rank]++;
    this.#registers[register] = rank;
  }
}

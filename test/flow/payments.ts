// Payments with an id, operations on them, and what must come of these: for tests that restart or kill processes.
import { eventSource, t } from "../../src/index.ts";
import { NaiveRecord } from "../oracle/naive-record.ts";

export const payments = eventSource("payments", {
  fields: { at: t.timestamp(), shop: t.string(), number: t.int64(), amount: t.float64(), note: t.nullable(t.string()) },
  eventTime: "at",
  availableAt: "at",
  id: ["shop", "number"],
});

const START = Date.UTC(2026, 0, 1) * 1_000;

export type Payment = Readonly<Record<"at" | "number" | "amount", number>> & {
  readonly shop: string;
  readonly note: null;
};

export function payment(number: number, amount: number): Payment {
  return { at: START + number, shop: `shop-${number % 3}`, number, amount, note: null };
}

export interface Operation {
  readonly what: "ingest" | "load" | "correct" | "retract";
  readonly payments: readonly Payment[];
}

/** An operation on payments numbered from `first`, of which there are `span`. */
export function operation(next: () => number, first: number, span: number): Operation {
  const below = (n: number): number => Math.floor(next() * n);
  const what = (["ingest", "ingest", "ingest", "load", "retract", "correct"] as const)[below(6)];
  // What is sent plainly is mostly what it was: a record has one content until it is corrected.
  const amount = (): number => (what === "correct" ? 1 + below(3) : below(12) === 0 ? 1 : 0);
  const rows = Array.from({ length: 1 + below(6) }, () => payment(first + below(span), amount()));
  return { what, payments: rows };
}

/** What is known after operations, and what each is answered with. */
export class NaivePayments {
  private records = new Map<number, NaiveRecord>();
  private kept = new Set<string>();
  private at = 0;

  copy(): NaivePayments {
    const other = new NaivePayments();
    other.records = new Map([...this.records].map(([number, record]) => [number, record.copy()]));
    other.kept = new Set(this.kept);
    other.at = this.at;
    return other;
  }

  /** The numbers that the outcome must give; null where the operation must be refused. */
  apply({ what, payments: rows }: Operation): Readonly<Record<string, number>> | null {
    const tried = this.copy();
    const at = ++tried.at;
    const counts: Record<string, number> = {};
    const corrected = new Set<number>();
    for (const { number, amount } of rows) {
      let record = tried.records.get(number);
      if (record === undefined) tried.records.set(number, (record = new NaiveRecord()));
      const content = String(amount);
      const known = record.counting?.content === content;
      if (what === "correct" && corrected.has(number) && !known) return null;
      const answer =
        what === "retract"
          ? record.retract(at)
          : what === "correct"
            ? record.correct(content, at)
            : record.insert(content, at);
      if (answer === "conflict") return null;
      if (what === "correct" && answer !== "duplicate") corrected.add(number);
      // A load keeps what a retraction waited for, with its mark; of what is streamed nothing stays.
      if (answer === "withdrawn" && what === "load") tried.kept.add(`${number} ${content}`);
      counts[answer] = (counts[answer] ?? 0) + 1;
    }
    this.records = tried.records;
    this.kept = tried.kept;
    this.at = at;
    const { duplicate = 0, new: fresh = 0, withdrawn = 0, withdraw = 0, wait = 0, replace = 0 } = counts;
    switch (what) {
      case "ingest":
        return { accepted: fresh + withdrawn, duplicates: duplicate };
      case "load":
        return { rows: fresh + withdrawn, duplicates: duplicate };
      case "retract":
        return { retracted: withdraw, waiting: wait, duplicates: duplicate };
      case "correct":
        return { accepted: fresh + replace + wait, replaced: replace, waiting: wait, duplicates: duplicate };
    }
  }

  /** All records that must be found, as texts, sorted: number, amount, whether it is withdrawn. */
  found(): string[] {
    return [...this.records]
      .flatMap(([number, { versions }]) =>
        versions.flatMap(({ content, withdrawn, awaited }) =>
          awaited && !this.kept.has(`${number} ${content}`) ? [] : [text(number, content, withdrawn !== null)],
        ),
      )
      .sort();
  }
}

export const text = (number: number | bigint, amount: string | number, withdrawn: boolean): string =>
  `${number} ${amount}${withdrawn ? " withdrawn" : ""}`;

/** Those who work side by side, and how many payments each has. */
export const WORKERS = 4;
export const SPAN = 60;

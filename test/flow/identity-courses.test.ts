import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { open } from "../../src/index.ts";
import { sequence } from "../conformance/event-log-entries.ts";
import { logOf } from "./log-of.ts";
import { NaivePayments, operation, type Operation, payments, text } from "./payments.ts";
import { perform } from "./perform.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
const COURSES = Number(process.env["ASOF_COURSES"] ?? 12);
const STEPS = 40;

test(
  `${COURSES} courses of ${STEPS} operations leave what the contract says (seed ${SEED})`,
  { timeout: 120_000 },
  async () => {
    const next = sequence(SEED);
    const answers = { taken: 0, duplicates: 0, refused: 0, waiting: 0, reopened: 0, lost: 0 };
    for (let course = 0; course < COURSES; course++) {
      const folder = mkdtempSync(path.join(tmpdir(), "asof-identity-course-"));
      const home = path.join(folder, "home");
      // Some archive their log and drop it, each time they close, and some of them in a thread while they go on.
      const threads = course % 6 === 0 ? { threadsFrom: 0 } : {};
      const options = { archiveFrom: course % 3 === 0 ? 1 : 20_000, ...threads };
      let store = await open({ definitions: { payments }, home }, options);
      try {
        await store.apply();
        const naive = new NaivePayments();
        const done: Operation[] = [];
        for (let step = 0; step < STEPS; step++) {
          const one = operation(next, 0, 8);
          done.push(one);
          const expected = naive.apply(one);
          const outcome = await perform(store, folder, step, one).catch((error: unknown) => error);
          const where = `course ${course}, step ${step}: ${JSON.stringify(done)}`;
          if (expected === null) expect(outcome, where).toMatchObject({ code: "ASOF_ID_CONFLICT" });
          else expect(outcome, where).toMatchObject(expected);
          answers.refused += expected === null ? 1 : 0;
          answers.duplicates += expected?.["duplicates"] ?? 0;
          answers.waiting += expected?.["waiting"] ?? 0;
          answers.taken += expected?.["accepted"] ?? expected?.["rows"] ?? 0;
          if (next() < 0.15) {
            answers.reopened++;
            await store.close();
            // Now and then the index is lost, and made again from the log and from what of it is in Parquet.
            if (step % 2 === 0) {
              rmSync(path.join(home, "online"), { recursive: true });
              answers.lost++;
            }
            store = await open({ definitions: { payments }, home }, options);
          }
        }
        await store.close();
        const { records } = await logOf(home, payments.definition);
        const found = records.map(({ row, withdrawn }) =>
          text(row["number"] as bigint, row["amount"] as number, withdrawn !== null),
        );
        expect(found.sort(), `course ${course}: ${JSON.stringify(done)}`).toEqual(naive.found());
      } finally {
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }
    for (const [what, count] of Object.entries(answers)) expect(count, what).toBeGreaterThan(COURSES);
  },
);

import { InvalidArgumentError } from "commander";
import { count, moment, NONE } from "../format.ts";
import { table } from "../table.ts";
import { examples, type Verb } from "../verb.ts";
import { withTimes } from "../with-times.ts";

export const auditLogVerb: Verb = (program, action) => {
  program
    .command("audit-log")
    .summary("show who administered the store and who wrote to it")
    .description(
      "The audit trail, the newest first: who did what, when, and how it ended. It begins with the first credential. What " +
        "administers the store is told one by one, writes over HTTP by the second.",
    )
    .option("--since <time>", "only what happened from then on")
    .option("--who <who>", "only of this one, such as key:3f9a0c51e2b7 or user:ada")
    .option("--limit <n>", "at most so many", limitOption, 100)
    .addHelpText(
      "after",
      examples(
        ["asof audit-log", "the last hundred entries"],
        ["asof audit-log --who key:3f9a0c51e2b7 --since 2026-11-01 --json", "what was done with one key"],
      ),
    )
    .action(
      action(async (run, options: { since?: string; who?: string; limit: number }) => {
        const entries = await run.withStore((store) => store.trail.read(options));
        return {
          json: entries.map((entry) => withTimes(entry, "from", "until")),
          text: (style) =>
            entries.length === 0
              ? "Nothing is on record: the trail begins with the first key."
              : table(
                  ["when", "who", "name", "via", "what", "target", "outcome", { right: "requests" }],
                  entries.map((entry) => [
                    moment(entry.until),
                    entry.who,
                    entry.name ?? NONE,
                    entry.via,
                    entry.action,
                    entry.target ?? NONE,
                    entry.outcome,
                    count(entry.requests),
                  ]),
                  style,
                ),
        };
      }),
    );
};

function limitOption(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}

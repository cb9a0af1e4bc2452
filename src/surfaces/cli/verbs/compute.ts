import { bytes, count, seconds } from "../format.ts";
import { table } from "../table.ts";
import { examples, type Verb } from "../verb.ts";

export const computeVerb: Verb = (program, action) => {
  program
    .command("compute")
    .summary("compute batch features into the offline store")
    .description(
      "Runs the SQL of batch views and keeps what is new. A view without rows yet is backfilled over all history.",
    )
    .argument("[views...]", "batch views (default: all)")
    .addHelpText("after", examples(["asof compute", "every batch view"], ["asof compute airport_daily", "one"]))
    .action(
      action(async (run, views: string[]) => {
        const outcomes = await run.withStore((store) =>
          store.compute(views.length > 0 ? views : undefined, run.work()),
        );
        return {
          json: outcomes,
          text: (style) =>
            outcomes.length === 0
              ? "There are no batch views."
              : table(
                  [
                    "view",
                    { right: "new rows" },
                    { right: "unchanged" },
                    "backfill",
                    { right: "bytes" },
                    { right: "time" },
                  ],
                  outcomes.map((o) => [
                    o.view,
                    count(o.rows),
                    count(o.unchanged),
                    o.backfill ? "yes" : "no",
                    bytes(o.bytes),
                    seconds(o.seconds),
                  ]),
                  style,
                ),
        };
      }),
    );
};

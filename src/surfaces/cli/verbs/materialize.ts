import { count, seconds } from "../format.ts";
import { table } from "../table.ts";
import { examples, type Verb } from "../verb.ts";

export const materializeVerb: Verb = (program, action) => {
  program
    .command("materialize")
    .summary("bring views into the online store")
    .description(
      "Builds the online state of views from history and hands over to the log at one position. Incremental: a view that " +
        "is up to date stays as it is. Interrupted work is taken up where it stopped.",
    )
    .argument("[views...]", "aggregate and batch views (default: all)")
    .addHelpText(
      "after",
      examples(["asof materialize", "every view"], ["asof materialize departures arrivals", "two of them"]),
    )
    .action(
      action(async (run, views: string[]) => {
        const outcomes = await run.withStore((store) =>
          store.materialize(views.length > 0 ? views : undefined, run.work()),
        );
        return {
          json: outcomes,
          text: (style) =>
            outcomes.length === 0
              ? "There are no views to materialize."
              : table(
                  [
                    "view",
                    "how",
                    { right: "keys" },
                    { right: "records" },
                    { right: "log position" },
                    { right: "time" },
                  ],
                  outcomes.map((o) => [
                    o.view,
                    o.how,
                    count(o.keys),
                    count(o.records),
                    count(o.position),
                    seconds(o.seconds),
                  ]),
                  style,
                ),
        };
      }),
    );
};

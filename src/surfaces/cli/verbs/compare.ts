import { comparisonJson, comparisonText } from "../comparison-text.ts";
import { timeOption } from "../time-option.ts";
import { examples, type Verb } from "../verb.ts";

interface CompareFlags {
  readonly since?: number;
  readonly until?: number;
  readonly within?: string;
  readonly by?: string;
}

/** `asof models compare`. */
export const compareVerb: Verb = (models, action) => {
  models
    .command("compare")
    .summary("how the versions of a model have predicted, by what is known since")
    .description(
      "Joins what each version predicted with the label that became known later: that of the model's example with the " +
        "same inputs nearest in time. Versions on trial are set against what answered, a shadow on the same requests.",
    )
    .argument("<model>", "the model")
    .option("--since <time>", "only predictions from this moment on", timeOption)
    .option("--until <time>", "only predictions before this moment", timeOption)
    .option("--within <duration>", "how far an example may lie from its prediction (default: 1h)")
    .option("--by <inputs>", "the inputs that they share, by commas (default: all of the service)")
    .addHelpText(
      "after",
      examples(
        ["asof models compare late_flight_model", ""],
        ["asof models compare fraud --until 2026-03-01", "where refunds take weeks to come"],
        ["asof models compare fraud --by customer --within 10m", ""],
      ),
    )
    .action(
      action(async (run, model: string, { since, until, within, by }: CompareFlags) => {
        const compared = await run.withStore((store) =>
          store.compareModel(model, {
            ...(since === undefined ? {} : { since }),
            ...(until === undefined ? {} : { until }),
            ...(within === undefined ? {} : { within }),
            ...(by === undefined ? {} : { by: by.split(",").filter((input) => input !== "") }),
            signal: run.io.signal,
          }),
        );
        return { json: comparisonJson(compared), text: (style) => comparisonText(compared, style) };
      }),
    );
};

import { bytes, count, metric, seconds } from "../format.ts";
import { metricsTable } from "../metrics-text.ts";
import { facts } from "../table.ts";
import { visible } from "../text.ts";
import { examples, type Verb } from "../verb.ts";

export const trainVerb: Verb = (program, action) => {
  program
    .command("train")
    .summary("train a model and register it, with its metrics")
    .description(
      "Builds the model's training set, trains, measures on the later time that its split holds out, beside the same " +
        "trainer without the store's features, and promotes the new version.",
    )
    .argument("<model>", "the model")
    .option("--no-promote", "register the version without letting it serve")
    .addHelpText(
      "after",
      examples(
        ["asof train late_flight_model", "train, measure, promote"],
        ["asof train late_flight_model --no-promote", "look at the metrics first, then `asof promote`"],
      ),
    )
    .action(
      action(async (run, model: string, options: { promote: boolean }) => {
        const outcome = await run.withStore((store) => store.train(model, { ...run.work(), promote: options.promote }));
        return {
          json: outcome,
          text: (style) =>
            `${facts(
              [
                [
                  "model",
                  `${outcome.model} version ${outcome.version}${outcome.promoted ? ", promoted" : ", not promoted"}`,
                ],
                ["trained on", `${count(outcome.trainRows)} rows`],
                ["held out", `${count(outcome.testRows)} rows`],
                ["size", bytes(outcome.bytes)],
                ["took", seconds(outcome.seconds)],
                ...Object.entries(outcome.trainerMetrics ?? {}).map(([name, value]): [string, string] => [
                  `trainer's ${visible(name)}`,
                  metric(value),
                ]),
              ],
              style,
            )}\n\n${metricsTable(outcome.metrics, outcome.baseline, style)}`,
        };
      }),
    );
};

import { InvalidArgumentError } from "commander";
import { examples, type Verb } from "../verb.ts";

export const promoteVerb: Verb = (program, action) => {
  program
    .command("promote")
    .summary("let a version of a model serve")
    .description("Makes a version the one that `predict` and the server use, from the next request on.")
    .argument("<model>", "the model")
    .argument("<version>", "its version, as `asof models` lists it", versionArgument)
    .addHelpText(
      "after",
      examples(["asof promote late_flight_model 3", ""], ["asof promote late_flight_model 2", "and back again"]),
    )
    .action(
      action(async (run, model: string, version: number) => {
        await run.withStore((store) => store.promote(model, version));
        return {
          json: { model, version, promoted: true },
          text: () => `${model} version ${version} serves from now on.`,
        };
      }),
    );
};

function versionArgument(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Versions are whole numbers from 1.");
  return Number(text);
}

import { definitionOf, featureTypes } from "../../http/feature-types.ts";
import { answerJson, answerTable } from "../answer.ts";
import { moment } from "../format.ts";
import { parseRequest } from "../request.ts";
import { facts } from "../table.ts";
import { examples, type Verb } from "../verb.ts";

export const predictVerb: Verb = (program, action) => {
  program
    .command("predict")
    .summary("ask the model that serves for a prediction")
    .description("Predicts for one request from its features in the online store, and logs what was served.")
    .argument("<model>", "the model")
    .argument("[inputs...]", "the inputs of its feature service, each as input=value")
    .addHelpText(
      "after",
      examples([
        "asof predict late_flight_model origin=SEA destination=JFK scheduled=2001-06-30T12:00 distance=2421",
        "",
      ]),
    )
    .action(
      action(async (run, model: string, inputs: string[]) => {
        const { definition, answer, types } = await run.withStore(async (store) => {
          const definition = definitionOf(store, "model", model);
          const service = definitionOf(store, "service", definition.service);
          const [answer] = await store.predict(model, [parseRequest(inputs, service.inputs)]);
          return { definition, answer: answer, types: featureTypes(store, service) };
        });
        const what = definition.task === "classification" ? "probability" : "prediction";
        return {
          json: { ...answer, features: answerJson(answer.features, types) },
          text: (style) =>
            `${facts(
              [
                ["model", `${answer.model} version ${answer.version}`],
                [what, String(answer.prediction)],
                ["as of", moment(answer.features.t)],
                ["logged as", answer.id],
              ],
              style,
            )}\n\n${answerTable(answer.features, types, style)}`,
        };
      }),
    );
};

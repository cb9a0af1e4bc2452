import { definitionOf, featureTypes } from "../../http/feature-types.ts";
import { answerJson, answerTable } from "../answer.ts";
import { moment } from "../format.ts";
import type { FeatureAnswer } from "../../../core/result/answers.ts";
import type { Knowledge } from "../../../core/result/knowledge.ts";
import { knowledgeOption } from "../knowledge-option.ts";
import { parseRequest } from "../request.ts";
import { timeOption } from "../time-option.ts";
import { facts } from "../table.ts";
import { examples, type Verb } from "../verb.ts";

interface GetFlags {
  readonly at?: number;
  readonly knowledge?: Knowledge;
}

export const getVerb: Verb = (program, action) => {
  program
    .command("get")
    .summary("get the features of a service, now or as of a past time")
    .description("The features of one request from the online store; with --at, from history, as they were known then.")
    .argument("<service>", "the feature service")
    .argument("[inputs...]", "its inputs, each as input=value")
    .option("--at <time>", "as of this past time", timeOption)
    .addOption(
      knowledgeOption("what serving knew at that time (default), or the truth in hindsight, by what is known now"),
    )
    .addHelpText(
      "after",
      examples(
        ["asof get late_flight origin=SEA destination=JFK scheduled=2001-06-30T12:00 distance=2421", ""],
        ["asof get airport airport=SEA --at 2001-03-01", "what was known on the first of March"],
        ["asof get airport airport=SEA --at 2001-03-01 --knowledge now", "what is known of it today"],
      ),
    )
    .action(
      action(async (run, service: string, inputs: string[], { at, knowledge }: GetFlags) => {
        const { answer, types } = await run.withStore(async (store) => {
          const definition = definitionOf(store, "service", service);
          const request = parseRequest(inputs, definition.inputs);
          const [answer] = await store.features(service, [request], {
            ...(at === undefined ? {} : { at }),
            ...(knowledge === undefined ? {} : { knowledge }),
          });
          return { answer: answer, types: featureTypes(store, definition) };
        });
        return {
          json: { service, ...answerJson(answer, types) },
          text: (style) => `${facts(asked(answer), style)}\n\n${answerTable(answer, types, style)}`,
        };
      }),
    );
};

function asked({ t, knownAt }: FeatureAnswer): [string, string][] {
  return [["as of", moment(t)], ...(knownAt === undefined ? [] : [["known at", moment(knownAt)] as [string, string]])];
}

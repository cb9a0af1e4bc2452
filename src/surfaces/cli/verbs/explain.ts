import type { Knowledge } from "../../../core/result/knowledge.ts";
import { type Fields, t } from "../../../core/schema/data-type.ts";
import type { Store } from "../../../store.ts";
import { namesOfFeature, viewKeyTypes } from "../../http/explained-keys.ts";
import { explanationJson } from "../../http/explanation-json.ts";
import { usage } from "../errors.ts";
import { explanationText } from "../explanation-text.ts";
import { knowledgeOption } from "../knowledge-option.ts";
import { parseRequest } from "../request.ts";
import { timeOption } from "../time-option.ts";
import { examples, type Verb } from "../verb.ts";

interface ExplainFlags {
  readonly at?: number;
  readonly knowledge?: Knowledge;
}

export const explainVerb: Verb = (program, action) => {
  program
    .command("explain")
    .summary("show what is behind a feature's value")
    .description(
      "The window, tiles and records behind one feature of one key, in both stores; without --at as it is served now.",
    )
    .argument("<feature>", "the feature, as view.feature")
    .argument("[keys...]", "the key, or the input of a request-time view, each as name=value")
    .option("--at <time>", "as of this past time", timeOption)
    .addOption(
      knowledgeOption("what serving knew at that time (default), or the truth in hindsight, by what is known now"),
    )
    .addHelpText(
      "after",
      examples(
        ["asof explain departures.delay_3h airport=SEA", "as it is served now"],
        ["asof explain departures.delay_3h airport=SEA --at 2001-06-20T12:00", "as it was served then"],
        ["asof explain airport_daily.mean_delay airport=SEA --json", "which version of its row was read, and why"],
      ),
    )
    .action(
      action(async (run, name: string, given: string[], { at, knowledge }: ExplainFlags) => {
        const [view, feature] = namesOf(name);
        const explanation = await run.withStore((store) =>
          store.explain(view, feature, readKeys(store, view, given), {
            ...(at === undefined ? {} : { at }),
            ...(knowledge === undefined ? {} : { knowledge }),
          }),
        );
        return {
          json: explanationJson(explanation),
          text: (style) => explanationText(explanation, style),
        };
      }),
    );
};

function namesOf(name: string): readonly [view: string, feature: string] {
  const names = namesOfFeature(name);
  if (names !== null) return names;
  throw usage(`"${name}" is not view.feature, such as departures.delay_3h`, { argument: name });
}

/** Keys by their types; what is no key is text, for the store to refuse. */
function readKeys(store: Store, view: string, given: readonly string[]): Record<string, unknown> {
  const unknown: Fields = Object.fromEntries(given.map((one) => [one.split("=", 1)[0], t.string()]));
  return parseRequest(given, { ...unknown, ...viewKeyTypes(store, view) });
}

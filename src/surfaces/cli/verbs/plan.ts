import { planText } from "../plan-text.ts";
import { examples, type Verb } from "../verb.ts";

/** With `--exit-code`, says that there is something to apply. */
const CHANGES = 2;

export const planVerb: Verb = (program, action) => {
  program
    .command("plan")
    .summary("show what applying the definitions would change")
    .description(
      "Compares the definitions with those the store works by: what is new, changed or gone, and what it costs.",
    )
    .option("--exit-code", `exit with ${CHANGES} if there is something to apply`)
    .addHelpText(
      "after",
      examples(
        ["asof plan", "what would change"],
        ["asof plan --exit-code --quiet", "fails a build whose definitions are not applied"],
      ),
    )
    .action(
      action(async (run, options: { exitCode?: boolean }) => {
        const plan = await run.withStore((store) => store.plan());
        return {
          json: plan,
          text: (style) => planText(plan, style),
          exitCode: options.exitCode === true && !plan.empty ? CHANGES : 0,
        };
      }),
    );
};

import { AsofError } from "../../../core/errors.ts";
import type { Plan } from "../../../core/result/plan.ts";
import { confirm } from "../confirm.ts";
import type { Invocation } from "../invocation.ts";
import type { Io } from "../io.ts";
import { planText } from "../plan-text.ts";
import { styleFor } from "../style.ts";
import { examples, type Verb } from "../verb.ts";

export const applyVerb: Verb = (program, action) => {
  program
    .command("apply")
    .summary("make the definitions the store's")
    .description(
      "Shows the plan and applies it, whole or not at all. On a terminal it asks first; elsewhere it does not. " +
        "If someone else applied since the plan was made, nothing changes (ASOF_APPLY_CONFLICT).",
    )
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      examples(["asof apply", "show the plan, ask, apply"], ["asof apply --yes --json", "in a script"]),
    )
    .action(
      action(async (run, options: { yes?: boolean }) => {
        const { plan, revision } = await run.withStore(async (store) => {
          const plan = await store.plan();
          if (plan.empty && plan.warnings.length === 0) return { plan, revision: plan.revision };
          if (!plan.empty && options.yes !== true && asks(run)) await ask(run.io, plan);
          await store.apply(plan.revision);
          return { plan, revision: (await store.plan()).revision };
        });
        return {
          json: { ...plan, applied: !plan.empty, revision },
          text: (style) => {
            // Who was asked has read the plan.
            const shown = options.yes !== true && asks(run) && !plan.empty ? "" : `${planText(plan, style)}\n`;
            return plan.empty
              ? shown.trimEnd()
              : `${shown}${style.green("Applied")}: the store is at revision ${revision}.`;
          },
        };
      }),
    );
};

function asks({ io, options }: Invocation): boolean {
  return io.stdin.isTTY === true && io.stderr.isTTY === true && options.json !== true;
}

async function ask(io: Io, plan: Plan): Promise<void> {
  io.stderr.write(`${planText(plan, styleFor(io.stderr, io.env))}\n\n`);
  if (!(await confirm(io, "Apply?"))) throw new AsofError("ASOF_INTERRUPTED", "nothing was applied, as you chose", {});
}

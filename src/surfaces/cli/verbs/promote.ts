import { InvalidArgumentError, Option } from "commander";
import { shareText, type TrialRole } from "../../../core/result/serving-role.ts";
import { usage } from "../errors.ts";
import { examples, type Verb } from "../verb.ts";

interface PromoteFlags {
  readonly shadow?: true;
  readonly canary?: number;
  readonly off?: TrialRole;
}

export const promoteVerb: Verb = (program, action) => {
  program
    .command("promote")
    .summary("let a version of a model serve, or try it out")
    .description(
      "Makes a version the one that `predict` and the server use, from the next request on. A version may also be tried " +
        "out beside that one: as a shadow, which predicts and is logged and answers nobody, or as a canary, which answers " +
        "for a share of the keys. `asof models compare` then tells how they did.",
    )
    .argument("<model>", "the model")
    .argument("[version]", "its version, as `asof models` lists it", versionArgument)
    .option("--shadow", "let it predict beside the one that serves")
    .option("--canary <share>", "let it answer for a share of the keys, such as 10%", shareArgument)
    .addOption(new Option("--off <role>", "end the trial in that role").choices(["shadow", "canary"]))
    .addHelpText(
      "after",
      examples(
        ["asof promote late_flight_model 3", ""],
        ["asof promote late_flight_model 2", "and back again"],
        ["asof promote late_flight_model 4 --shadow", "see what it would say"],
        ["asof promote late_flight_model 4 --canary 10%", "let it answer for every tenth key; later for more"],
        ["asof promote late_flight_model --off canary", "end that"],
      ),
    )
    .action(
      action(async (run, model: string, version: number | undefined, flags: PromoteFlags) => {
        const { shadow, canary, off } = flags;
        if ([shadow, canary, off].filter((one) => one !== undefined).length > 1)
          throw usage("--shadow, --canary and --off are one at a time", {});
        if (off !== undefined) {
          if (version !== undefined) throw usage("--off takes no version: it ends what is tried out in that role", {});
          await run.withStore((store) => store.demote(model, off));
          return { json: { model, off }, text: () => `${model} has no ${off} from now on.` };
        }
        if (version === undefined) throw usage("name the version, as `asof models` lists it", {});
        if (canary !== undefined) {
          await run.withStore((store) => store.promote(model, version, { as: "canary", share: canary }));
          return {
            json: { model, version, role: "canary", share: canary },
            text: () => `${model} version ${version} answers for ${shareText(canary)} of the keys from now on.`,
          };
        }
        if (shadow === true) {
          await run.withStore((store) => store.promote(model, version, { as: "shadow" }));
          return {
            json: { model, version, role: "shadow" },
            text: () => `${model} version ${version} predicts in the shadow from now on.`,
          };
        }
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

/** "10%" or "0.1". */
function shareArgument(text: string): number {
  const match = /^(\d+\.?\d*|\.\d+)(%?)$/.exec(text);
  const share = match === null ? Number.NaN : match[2] === "%" ? Number(match[1]) / 100 : Number(match[1]);
  if (!(share > 0 && share <= 1)) throw new InvalidArgumentError("A share is above 0% and at most 100%, such as 10%.");
  return share;
}

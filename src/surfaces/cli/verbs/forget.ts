import { AsofError } from "../../../core/errors.ts";
import type { ForgetOutcome } from "../../../core/result/forget.ts";
import { definitionOf } from "../../http/feature-types.ts";
import { confirm } from "../confirm.ts";
import { usage } from "../errors.ts";
import { bytes, count, moment, plural, seconds } from "../format.ts";
import type { Invocation } from "../invocation.ts";
import { parseRequest } from "../request.ts";
import { type Style, styleFor } from "../style.ts";
import { facts, table } from "../table.ts";
import { examples, type Verb } from "../verb.ts";
import { withTimes } from "../with-times.ts";

export const forgetVerb: Verb = (program, action) => {
  program
    .command("forget")
    .summary("erase a key's records everywhere, and prove it")
    .description(
      "Erases every record that carries a key of an entity: raw data, rejected rows, batch features, what was served. " +
        "Rebuilds what had counted them, and searches all files for what is left. It cannot be undone. On a terminal " +
        "it asks first; elsewhere it wants --yes. The exit code is 1 if a record is left.",
    )
    .argument("<entity>", "the entity")
    .argument("<keys...>", "its keys, each as key=value")
    .option("--dry-run", "count what would be erased, and erase nothing")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      examples(
        ["asof forget customer customer=ada --dry-run", "what there is to erase"],
        ["asof forget customer customer=ada", "show it, ask, erase"],
      ),
    )
    .action(
      action(async (run, entity: string, given: string[], options: { dryRun?: boolean; yes?: boolean }) => {
        const mayAsk = asks(run);
        if (options.dryRun !== true && options.yes !== true && !mayAsk)
          throw usage("erasing cannot be undone: say --yes, or look first with --dry-run");
        const outcome = await run.withStore(
          async (store) => {
            const keys = parseRequest(given, definitionOf(store, "entity", entity).keys);
            if (options.dryRun === true) return store.forget(entity, keys, { dryRun: true });
            if (options.yes !== true) await ask(run, await store.forget(entity, keys, { dryRun: true }));
            return store.forget(entity, keys, run.work());
          },
          { whenLocked: "refuse" },
        );
        return {
          json: {
            ...withTimes(outcome, "until"),
            dryRun: options.dryRun === true,
            madeBefore: outcome.madeBefore.map((one) => withTimes(one, "at")),
          },
          text: (style) => forgetText(outcome, options.dryRun === true, style),
          exitCode: isClean(outcome) ? 0 : 1,
        };
      }),
    );
};

function asks({ io, options }: Invocation): boolean {
  return io.stdin.isTTY === true && io.stderr.isTTY === true && options.json !== true;
}

async function ask({ io }: Invocation, counted: ForgetOutcome): Promise<void> {
  if (isNothing(counted)) return;
  io.stderr.write(`${forgetText(counted, true, styleFor(io.stderr, io.env))}\n\n`);
  if (!(await confirm(io, "Erase this for ever?")))
    throw new AsofError("ASOF_INTERRUPTED", "nothing was erased, as you chose", {});
}

function isNothing({ records, rejected }: ForgetOutcome): boolean {
  return Object.keys(records).length === 0 && rejected === 0;
}

function isClean({ proof }: ForgetOutcome): boolean {
  return proof === null || (proof.records === 0 && proof.online === 0);
}

function forgetText(outcome: ForgetOutcome, dryRun: boolean, style: Style): string {
  const { entity, records, rejected, files, rebuilt, recomputed, madeBefore, proof, warnings } = outcome;
  if (isNothing(outcome)) return `Nothing carries this key of ${entity}: there is nothing to erase.`;
  const names = (list: readonly string[]): string => (list.length === 0 ? "none" : list.join(", "));
  const parts = [
    table(
      ["stream", { right: dryRun ? "to erase" : "erased" }],
      [
        ...Object.entries(records).map(([stream, rows]) => [stream, count(rows)]),
        ...(rejected === 0 ? [] : [["rejected rows", count(rejected)]]),
      ],
      style,
    ),
    facts(
      [
        [dryRun ? "files to rewrite" : "files rewritten", count(files)],
        [dryRun ? "views to rebuild" : "views rebuilt", names(rebuilt)],
        [dryRun ? "to compute anew" : "computed anew", names(recomputed)],
        ...(dryRun
          ? []
          : ([
              ["not to be audited", `answers of these views given before ${moment(outcome.until)}`],
              ["kept as", outcome.hash ?? "-"],
              ["took", seconds(outcome.seconds)],
            ] as const)),
      ],
      style,
    ),
  ];
  if (madeBefore.length > 0)
    parts.push(
      `Made before, and not to be undone: ${madeBefore.map(({ run, kind, target }) => `${kind} ${target} (run ${run})`).join(", ")}.`,
    );
  if (proof !== null) parts.push(proofText(outcome, style));
  parts.push(...warnings.map((warning) => style.yellow(warning)));
  return parts.join("\n\n");
}

function proofText({ proof }: ForgetOutcome, style: Style): string {
  const { records, online, bytes: searched, files, elsewhere } = proof!;
  const left = records + online;
  const lines = [
    `Searched again: ${plural(left, "record")} left${searched === 0 ? "" : `, ${plural(files.length, "file")} of ${bytes(searched)} with the key's text`}.`,
    ...files.map((file) => `  ${file} holds it, be it within a longer text`),
    ...elsewhere.map(({ stream, column, rows }) => `  ${plural(rows, "row")} of ${stream} hold it in ${column}`),
  ];
  const text = lines.join("\n");
  return left === 0 && files.length === 0 ? style.green(text) : style.red(text);
}

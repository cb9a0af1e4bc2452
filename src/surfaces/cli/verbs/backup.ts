import { bytes, count, seconds } from "../format.ts";
import { facts } from "../table.ts";
import { examples, type Verb } from "../verb.ts";

export const backupVerb: Verb = (program, action) => {
  program
    .command("backup")
    .summary("copy the whole store, also while it is in use")
    .description(
      "Copies everything that the store is made of into a folder: one consistent cut, with a checksum of every file. " +
        "The store may be in use by asof serve, which does not wait: what was acknowledged before the backup began is " +
        "in it. The folder appears whole, or not at all.",
    )
    .argument("<dir>", "the folder to make; it must be new, or empty")
    .addHelpText(
      "after",
      examples(
        ["asof backup /backups/monday", "also while asof serve runs"],
        ["asof restore /backups/monday --home restored", "what it is good for"],
      ),
    )
    .action(
      action(async (run, dir: string) => {
        const { configuration } = await run.configuration();
        const { backup } = await import("../../../safekeeping/backup.ts");
        const outcome = await backup(configuration.home, run.path(dir), run.work());
        return {
          json: outcome,
          text: (style) =>
            facts(
              [
                ["backup", outcome.folder],
                ["log", `${count(outcome.log.start)} to ${count(outcome.log.end)}`],
                ["folded up to", count(outcome.online)],
                ["revision", String(outcome.revision)],
                ["files", `${count(outcome.files)}, ${bytes(outcome.bytes)}`],
                ["took", seconds(outcome.seconds)],
              ],
              style,
            ),
        };
      }),
    );
};

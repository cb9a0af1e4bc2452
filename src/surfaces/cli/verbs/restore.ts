import type { RestoreOutcome } from "../../../core/result/safekeeping.ts";
import { bytes, count, moment, seconds } from "../format.ts";
import { facts } from "../table.ts";
import { examples, type Verb } from "../verb.ts";
import { withTimes } from "../with-times.ts";

interface RestoreFlags {
  readonly forgotten?: string;
  readonly revokedIn?: string;
  readonly revokeKeys?: boolean;
}

export const restoreVerb: Verb = (program, action) => {
  program
    .command("restore")
    .summary("bring a backup back")
    .description(
      "Brings a backup into the project's home, or the one named with --home, which must be empty: every file is " +
        "checked against the manifest, the online store catches up with the log, and keys that were forgotten since " +
        "the backup are forgotten again. All of it, or nothing. API keys come back as they were in the backup: the " +
        "report names those that are live again.",
    )
    .argument("<dir>", "the folder that asof backup made")
    .option(
      "--forgotten <file>",
      "the forgotten.json of the store that is lost (default: the one that lies in the home, if any)",
    )
    .option(
      "--revoked-in <registry>",
      "the registry.sqlite of the store that is lost: API keys revoked there are revoked",
    )
    .option("--revoke-keys", "revoke every API key that the backup brings back")
    .addHelpText(
      "after",
      examples(
        ["asof restore /backups/monday", "into the project's home"],
        ["asof restore /backups/monday --home restored", "beside it, to look at"],
        ["asof restore /backups/monday --forgotten lost/forgotten.json", "and forget what was forgotten since"],
        ["asof restore /backups/monday --revoked-in lost/registry.sqlite", "and revoke what was revoked since"],
      ),
    )
    .action(
      action(async (run, dir: string, { forgotten, revokedIn, revokeKeys = false }: RestoreFlags) => {
        const { configuration } = await run.configuration();
        const { restore } = await import("../../../safekeeping/restore.ts");
        const outcome = await restore(configuration, run.path(dir), {
          ...run.work(),
          ...(forgotten === undefined ? {} : { forgotten: run.path(forgotten) }),
          ...(revokedIn === undefined ? {} : { revokedIn: run.path(revokedIn) }),
          revokeKeys,
        });
        return {
          json: withTimes(outcome, "takenAt"),
          text: (style) =>
            facts(
              [
                ["restored to", outcome.home],
                ["as of", moment(outcome.takenAt)],
                ["log", `${count(outcome.log.start)} to ${count(outcome.log.end)}`],
                ["folded", count(outcome.folded)],
                ["forgotten again", count(outcome.forgotten)],
                ["API keys", keysText(outcome.keys)],
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

/** Which are live again: what was revoked after the backup is among them. */
function keysText({ live, revoked }: RestoreOutcome["keys"]): string {
  const names = live.map(({ id, name }) => `${name} (${id})`).join(", ");
  return `${live.length === 0 ? "none is live" : `live again: ${names}`}${revoked === 0 ? "" : `; ${revoked} revoked`}`;
}

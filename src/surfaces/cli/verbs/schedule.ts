import type { JobReport } from "../../../core/result/schedule.ts";
import { formatTimestamp, MILLISECOND } from "../../../core/time/timestamp.ts";
import { jobJson } from "../../http/routes/schedule.ts";
import { seconds } from "../format.ts";
import type { Style } from "../style.ts";
import { table } from "../table.ts";
import { examples, type Verb } from "../verb.ts";

export const scheduleVerb: Verb = (program, action) => {
  program
    .command("schedule")
    .summary("list the scheduled jobs")
    .description(
      "The jobs of the configuration's `schedule`: when each ran last, how that ended, and when it runs next. They run " +
        "inside `asof serve`, each one at a time, however many workers there are.",
    )
    .addHelpText(
      "after",
      examples(["asof schedule", "last and next runs"], ["asof schedule --json", "the same, for programs"]),
    )
    .action(
      action(async (run) => {
        const { configuration } = await run.configuration();
        const { schedule = {}, home } = configuration;
        const { readJobNotes } = await import("../../schedule/job-book.ts");
        const { jobReport } = await import("../../schedule/job-report.ts");
        const notes = await readJobNotes(home);
        const now = Date.now() * MILLISECOND;
        const jobs = Object.entries(schedule).map(([name, job]) => jobReport(name, job, notes[name], now));
        return { json: jobs.map(jobJson), text: (style) => jobsText(jobs, style) };
      }),
    );
};

function jobsText(jobs: readonly JobReport[], style: Style): string {
  if (jobs.length === 0) return "No jobs: the configuration has no `schedule`.";
  const listed = table(
    ["job", "runs", "cron", "last", { right: "took" }, "ended", "next"],
    jobs.map((job) => [
      job.name,
      [job.run, ...job.of].join(" "),
      job.timezone === "UTC" ? job.cron : `${job.cron} (${job.timezone})`,
      job.last === null ? "never" : formatTimestamp(job.last.startedAt),
      job.last === null ? "" : seconds(job.last.seconds),
      job.runningSince === null ? (job.last?.state ?? "") : "running",
      job.next === null ? "never" : formatTimestamp(job.next),
    ]),
    style,
  );
  const failures = jobs.flatMap(({ name, last }) =>
    last?.state === "failed" ? [`${name}: ${style.red(last.failure!.code)} ${last.failure!.message}`] : [],
  );
  return failures.length === 0 ? listed : `${listed}\n\n${failures.join("\n")}`;
}

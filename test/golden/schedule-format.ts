import { decodeJobNotes, encodeJobNotes, type JobNotes } from "../../src/core/codec/job-notes.ts";
import { bytesFormat, newerJson } from "./golden-format.ts";

const at = 1_772_323_200_000_001;
const counts = { succeeded: 3, failed: 1, interrupted: 0, skipped: 2 };

/** What is kept of scheduled jobs. */
export const scheduleFormat = bytesFormat<JobNotes>({
  name: "schedule",
  version: 1,
  content: {
    nightly: {
      turn: at,
      runningSince: at + 1,
      last: {
        startedAt: at - 90_500_000,
        endedAt: at - 90_000_000,
        seconds: 0.5,
        state: "failed",
        failure: { code: "ASOF_SQL", message: "it “failed”" },
      },
      counts,
    },
    fresh: { turn: 0, runningSince: null, last: null, counts },
  },
  encode: encodeJobNotes,
  decode: decodeJobNotes,
  newer: newerJson,
});

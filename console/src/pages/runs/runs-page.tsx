import type { Run } from "../../api/answers.ts";
import { useMay } from "../../api/access.tsx";
import { useAnswer } from "../../api/use-answer.ts";
import { useLive } from "../../live/live-stream.ts";
import { Loading, Refused } from "../../parts/notice.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Actions } from "./actions.tsx";
import { Health } from "./health.tsx";
import { LiveCharts } from "./live-charts.tsx";
import { RunTable } from "./run-table.tsx";
import "./runs-page.css";

export default function RunsPage() {
  const { live } = useLive();
  const mayAdminister = useMay("admin");
  const newest = live?.status.runs[0];
  const runs = useAnswer<{ runs: readonly Run[] }>(`/v1/runs?limit=1000#${newest?.id ?? ""}${newest?.state ?? ""}`);
  // How far runs have come is told live, of the newest.
  const told = new Map(live?.status.runs.map((run) => [run.id, run]));
  return (
    <Page
      title="Runs and health"
      lead="What ran and how it ended; how large, how fresh and how quick the store is."
      actions={mayAdminister ? <Actions /> : undefined}
    >
      {live !== null && <Health live={live} />}
      <LiveCharts />
      <Section
        title="Runs"
        note="The newest first. Start and end are by the store’s clock, which a replay moves; what a run took is real time."
      >
        {runs.refusal !== null && <Refused refusal={runs.refusal} again={runs.again} />}
        {runs.data === null && runs.refusal === null && <Loading what="the runs" />}
        {runs.data !== null && <RunTable runs={runs.data.runs.map((run) => told.get(run.id) ?? run)} />}
      </Section>
    </Page>
  );
}

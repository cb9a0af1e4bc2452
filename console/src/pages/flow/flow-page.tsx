import type { ModelVersion, Run } from "../../api/answers.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { useLive } from "../../live/live-stream.ts";
import { addressOf, go, usePlace } from "../../navigation/location.ts";
import { Command, Empty, Loading, Refused } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Picture } from "./picture.tsx";
import { ProcessTable } from "./process-table.tsx";
import { StageDetail } from "./stage-detail.tsx";
import { type StageId, stagesOf } from "./stages.ts";
import { StatusTracker } from "./status-tracker.tsx";

export default function FlowPage() {
  const { live, rates, refusal } = useLive();
  const { query } = usePlace();
  // What ran last tells when to ask again for all that ran, and for the models. A fragment is not sent.
  const newest = live?.status.runs[0];
  const version = newest === undefined ? "" : `#${newest.id}${newest.state}`;
  const runs = useAnswer<{ runs: readonly Run[] }>(`/v1/runs?limit=1000${version}`);
  const models = useAnswer<{ models: readonly ModelVersion[] }>(`/v1/models${version}`);
  const selected = query.get("stage") as StageId | null;
  const select = (stage: StageId | null): void => go(addressOf("/", { stage, at: query.get("at") }), true);
  const empty = live !== null && live.status.offline.sources.every(({ rows, inLog }) => rows === 0 && inLog === 0);
  return (
    <Page
      title="Flow"
      lead="From raw records to delivered predictions, as it is on this store now. Open a stage to see what is in it."
    >
      {live === null ? (
        refusal === null ? (
          <Loading what="the store" />
        ) : refusal.status === 0 ? null : (
          <Refused refusal={refusal} />
        )
      ) : (
        <>
          {empty && <NothingYet revision={live.status.revision} />}
          <Picture
            stages={stagesOf(live, rates, models.data?.models ?? null, runs.data?.runs ?? live.status.runs)}
            selected={selected}
            onSelect={select}
          />
          <div id="stage-detail">
            {selected !== null && (
              <StageDetail
                stage={selected}
                live={live}
                runs={runs.data?.runs ?? live.status.runs}
                models={models.data?.models ?? []}
                onClose={() => select(null)}
              />
            )}
          </div>
          {runs.refusal !== null && <Refused refusal={runs.refusal} again={runs.again} />}
          {runs.data !== null && (
            <>
              <ProcessTable runs={runs.data.runs} live={live} />
              <StatusTracker runs={runs.data.runs} status={live.status} />
            </>
          )}
        </>
      )}
    </Page>
  );
}

function NothingYet({ revision }: { readonly revision: number }) {
  return (
    <Empty title="This store is empty: nothing has come in yet.">
      <p>
        {revision === 0 ? "Apply its definitions, then load history or send events." : "Load history or send events."}
      </p>
      <Command>
        {`${revision === 0 ? "asof apply\n" : ""}asof ingest SOURCE FILE…\nasof compute && asof materialize`}
      </Command>
      <p>What happens shows here by itself.</p>
    </Empty>
  );
}

import { Connectors } from "./connectors.tsx";
import "./picture.css";
import type { Stage, StageId } from "./stages.ts";

const lanes = [
  { id: "offline", name: "History", says: "the offline store answers: what was true then?" },
  { id: "online", name: "Present", says: "the online store answers: what is true now?" },
] as const;

/** The process as a picture: a lane for each store, side by side. */
export function Picture({
  stages,
  selected,
  onSelect,
}: {
  readonly stages: readonly Stage[];
  readonly selected: StageId | null;
  readonly onSelect: (stage: StageId | null) => void;
}) {
  return (
    <div className="picture">
      <Connectors stages={stages} />
      {lanes.map((lane) => (
        <section key={lane.id} className={`lane lane-${lane.id}`} aria-label={`${lane.name}: ${lane.says}`}>
          <p className="lane-name">
            <strong>{lane.name}</strong> <span>{lane.says}</span>
          </p>
          <ol className="lane-stages">
            {stages
              .filter((stage) => stage.lane === lane.id)
              .map((stage) => (
                <li key={stage.id}>
                  <StageCard stage={stage} selected={selected === stage.id} onSelect={onSelect} />
                </li>
              ))}
          </ol>
        </section>
      ))}
      <ul className="picture-legend">
        <li>
          <b>Materialize</b>: the present of batch and real-time features goes into the online store.
        </li>
        <li>
          <b>Archive</b>: the log’s closed part becomes history.
        </li>
        <li>
          <b>Served log</b>: every prediction is an event of its own.
        </li>
      </ul>
    </div>
  );
}

function StageCard({
  stage: { id, step, name, figure, unit, notes, busy },
  selected,
  onSelect,
}: {
  readonly stage: Stage;
  readonly selected: boolean;
  readonly onSelect: (stage: StageId | null) => void;
}) {
  const store = id === "offline" || id === "online";
  return (
    <button
      type="button"
      data-stage={id}
      className={`stage${store ? " stage-store" : ""}${selected ? " stage-selected" : ""}`}
      aria-expanded={selected}
      aria-controls="stage-detail"
      onClick={() => onSelect(selected ? null : id)}
    >
      <span className="stage-name">
        {name}
        {step !== null && <span className="stage-step">step {step}</span>}
      </span>
      <span className="stage-figure figures">
        {figure} <span className="stage-unit">{unit}</span>
      </span>
      <span className="stage-note">
        {busy && <span className="stage-busy" aria-hidden="true" />}
        {notes.filter((note) => note !== "").join(" · ") || " "}
      </span>
    </button>
  );
}

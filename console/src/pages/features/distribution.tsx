import { useAnswer } from "../../api/use-answer.ts";
import { count, digits } from "../../parts/figures.ts";
import { Refused } from "../../parts/notice.tsx";
import "./distribution.css";

interface Answer {
  readonly version: number | null;
  readonly histogram: {
    readonly edges: readonly number[];
    readonly trained: readonly number[];
    readonly served: readonly number[];
  } | null;
}

const WIDTH = 560;
const HEIGHT = 190;
const FOOT = 22;

/** How a feature is spread in training, and in serving over it: each as shares of its own, so that their shapes compare. */
export function Distribution({ model, feature }: { readonly model: string; readonly feature: string }) {
  const { data, refusal } = useAnswer<Answer>(
    `/v1/distribution/${encodeURIComponent(model)}?feature=${encodeURIComponent(feature)}`,
  );
  if (refusal !== null) return <Refused refusal={refusal} />;
  if (data === null || data.histogram === null) return null;
  const { edges, trained, served } = data.histogram;
  const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0);
  const [allTrained, allServed] = [sum(trained), sum(served)];
  const shares = (counts: readonly number[], all: number): readonly number[] =>
    counts.map((one) => (all === 0 ? 0 : one / all));
  const [before, now] = [shares(trained, allTrained), shares(served, allServed)];
  const most = Math.max(...before, ...now, 1e-9);
  const step = WIDTH / trained.length;
  const y = (share: number): number => HEIGHT - FOOT - (share / most) * (HEIGHT - FOOT - 8);
  const outline = now
    .map((share, i) => `${i === 0 ? "M" : "L"}${i * step} ${y(share)} L${(i + 1) * step} ${y(share)}`)
    .join(" ");
  const said = `${feature}: ${count(allTrained)} values in training, ${count(allServed)} in serving, from ${digits(edges[0])} to ${digits(edges.at(-1)!)}`;
  return (
    <figure className="distribution panel">
      <figcaption>
        <strong>{feature}</strong>
        <span className="distribution-trained">trained, {count(allTrained)} values</span>
        <span className="distribution-served">served, {count(allServed)} values</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said}>
        {before.map((share, i) => (
          <rect key={edges[i]} x={i * step + 0.5} width={step - 1} y={y(share)} height={HEIGHT - FOOT - y(share)} />
        ))}
        <path d={outline} />
        <line x1={0} x2={WIDTH} y1={HEIGHT - FOOT} y2={HEIGHT - FOOT} />
        {[0, 6, 12, 18, 24].map((i) => (
          <text
            key={i}
            x={i * step}
            y={HEIGHT - 6}
            textAnchor={i === 0 ? "start" : i === trained.length ? "end" : "middle"}
          >
            {digits(edges[i])}
          </text>
        ))}
      </svg>
    </figure>
  );
}

import { expect, test } from "vitest";
import { exposition } from "./exposition.ts";

test("metrics are written as the text format of Prometheus has it", () => {
  const text = exposition([
    { name: "a_total", help: "How often.\nAnd \\ so", type: "counter", samples: [[{ kind: 'say "no"\n\\' }, 3]] },
    { name: "nothing", help: "Left out.", type: "gauge", samples: [] },
    {
      name: "b",
      help: "How much.",
      type: "gauge",
      samples: [
        [{}, 0.25],
        [{ of: 1, at: "x" }, Infinity],
      ],
    },
    {
      name: "c",
      help: "Odd.",
      type: "gauge",
      samples: [
        [{}, Number.NaN],
        [{ i: 1 }, -Infinity],
        [{ i: 2 }, 1e21],
      ],
    },
  ]);
  expect(text).toBe(
    String.raw`# HELP a_total How often.\nAnd \\ so
# TYPE a_total counter
a_total{kind="say \"no\"\n\\"} 3
# HELP b How much.
# TYPE b gauge
b 0.25
b{of="1",at="x"} +Inf
# HELP c Odd.
# TYPE c gauge
c NaN
c{i="1"} -Inf
c{i="2"} 1e+21
`,
  );
});

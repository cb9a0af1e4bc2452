import { AsofError } from "../../../core/errors.ts";
import { mediaTypes } from "../body.ts";
import { writeJson } from "../json/write-json.ts";
import { numberIn, readObject } from "../read-object.ts";
import type { Route, RouteContext } from "../route.ts";
import { flag, objectOf, type Schema } from "../schema.ts";

/** Milliseconds that can be added at the most. */
const MOST = 1000;

const added: Schema = {
  type: "number",
  minimum: 0,
  maximum: MOST,
  description: "milliseconds that each read and commit of the online store takes longer",
};

/** What is made slower, for people to see what waits for it. */
export function demoRoute({ demo }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/demo",
    id: "getDemo",
    access: { scope: "read" },
    summary: "Tells whether the server is a demo, and what it takes longer.",
    names: null,
    query: {},
    shapes: {
      body: null,
      answer: objectOf({ on: { ...flag, description: "whether it was started with --demo" }, onlineLatency: added }),
    },
    errors: [],
    handle: () => writeJson({ on: demo !== null, onlineLatency: demo?.milliseconds ?? 0 }),
  };
}

/** Makes the online store slower, where the server is a demo. */
export function slowDownRoute({ demo }: RouteContext): Route {
  return {
    method: "POST",
    path: "/v1/demo",
    id: "slowDown",
    access: { scope: "admin" },
    summary: "Adds latency to the online store of a demo, until another is given or the server ends.",
    names: null,
    query: {},
    shapes: {
      body: { [mediaTypes.json]: objectOf({ onlineLatency: added }) },
      answer: objectOf({ onlineLatency: added }),
    },
    errors: ["ASOF_NOT_OFFERED", "ASOF_JSON", "ASOF_REQUEST"],
    handle({ body }) {
      const milliseconds = numberIn(readObject(body, ["onlineLatency"]).onlineLatency, "onlineLatency", 0, MOST);
      if (demo === null)
        throw new AsofError("ASOF_NOT_OFFERED", "this server is no demo: its online store is as quick as it is", {
          offeredBy: "asof serve --demo",
        });
      demo.milliseconds = milliseconds;
      return writeJson({ onlineLatency: milliseconds });
    },
  };
}

import { AsofError } from "../../../core/errors.ts";
import type { ForgetOutcome } from "../../../core/result/forget.ts";
import { mediaTypes } from "../body.ts";
import { definitionOf } from "../feature-types.ts";
import { parseJson } from "../json/parse-json.ts";
import { writeJson } from "../json/write-json.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { rowReader } from "../row-reader.ts";
import {
  anyValue,
  count,
  flag,
  inputRow,
  listOf,
  mapOf,
  moment,
  objectOf,
  orNull,
  type Schema,
  text,
} from "../schema.ts";

const answer: Schema = objectOf({
  entity: text,
  erased: { ...flag, description: "false where nothing carried the key, or nothing was to be erased" },
  hash: { ...orNull(text), description: "what stands for the key in the list of forgotten keys" },
  records: { ...mapOf(count), description: "records erased, or to be erased, by stream" },
  rejected: count,
  files: count,
  rebuilt: { ...listOf(text), description: "online views that were built anew" },
  recomputed: { ...listOf(text), description: "batch views that were computed anew" },
  until: {
    ...orNull(moment),
    description: "answers of earlier moments that rest on what was erased cannot be audited",
  },
  madeBefore: {
    ...listOf(objectOf({ run: count, kind: { enum: ["dataset", "train"] }, target: text, at: moment })),
    description: "training sets and models made before: they cannot be undone",
  },
  proof: orNull(
    objectOf({
      records: count,
      online: count,
      bytes: { ...count, description: "bytes searched for the key's text" },
      files: listOf(text),
      elsewhere: listOf(objectOf({ stream: text, column: text, rows: count })),
    }),
  ),
  warnings: listOf(text),
  seconds: { type: "number" },
});

/** Erases a key. As everything here, it is for those who may administer the store. */
export function forgetRoute({ store }: RouteContext): Route {
  return {
    method: "POST",
    path: "/v1/forget/{entity}",
    id: "forget",
    unhurried: true,
    access: { scope: "admin" },
    summary: "Erases every record that carries a key of the entity, rebuilds what had counted them, and proves it.",
    names: { parameter: "entity", kind: "entity" },
    query: {
      dryRun: { description: "`true` counts what would be erased, and erases nothing", schema: { enum: ["true"] } },
    },
    shapes: { body: { [mediaTypes.json]: mapOf(anyValue) }, answer },
    shapesOf: (name) => ({
      body: { [mediaTypes.json]: inputRow(definitionOf(store, "entity", name).keys) },
      answer,
    }),
    errors: [
      "ASOF_NOT_FOUND",
      "ASOF_JSON",
      "ASOF_REQUEST",
      "ASOF_MISSING_KEY",
      "ASOF_TYPE",
      "ASOF_UNKNOWN_FIELD",
      "ASOF_TIMESTAMP",
      "ASOF_NOT_FINITE",
      "ASOF_OVERFLOW",
      "ASOF_STRING",
      "ASOF_HOME_LOCKED",
    ],
    async handle({ name, query, body }) {
      if (body.language !== "json") throw new AsofError("ASOF_MEDIA_TYPE", "a request is application/json");
      const { keys } = definitionOf(store, "entity", name);
      const given = rowReader(keys)(parseJson(body.text), "key", 0);
      const dryRun = query["dryRun"] === "true";
      return writeJson(withTimes(await store.forget(name, given, { dryRun })));
    },
  };
}

function withTimes(outcome: ForgetOutcome): object {
  const madeBefore = outcome.madeBefore.map((run) => withMoments(run, "at"));
  return { ...withMoments(outcome, "until"), madeBefore };
}

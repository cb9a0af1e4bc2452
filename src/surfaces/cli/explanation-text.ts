import type { FeatureType, FeatureValue } from "../../core/aggregation/aggregation.ts";
import type {
  AggregateExplanation,
  BatchExplanation,
  Explanation,
  OnDemandExplanation,
  WindowExplanation,
} from "../../core/result/explanation.ts";
import type { DataType, Fields, Row } from "../../core/schema/data-type.ts";
import { formatDuration } from "../../core/time/duration.ts";
import { legible } from "../http/legible.ts";
import { writeJson } from "../http/json/write-json.ts";
import { count, moment, NONE, span } from "./format.ts";
import type { Style } from "./style.ts";
import { facts, table } from "./table.ts";
import { visible } from "./text.ts";

type Fact = readonly [label: string, value: string];

/** An explanation for people: the value and whether all agree on it, then what is behind it. */
export function explanationText(explanation: Explanation, style: Style): string {
  const { view, feature, type, value } = explanation;
  const title = `${view}.${feature} = ${shown(value, type)}`;
  const parts = [`${style.bold(visible(title))}\n${facts(heads(explanation), style)}`, agreement(explanation, style)];
  if (explanation.kind === "aggregateView") parts.push(...aggregateParts(explanation, style));
  else if (explanation.kind === "batchView") parts.push(...batchParts(explanation, style));
  else parts.push(onDemandPart(explanation, style));
  return parts.join("\n\n");
}

/** So many late records are enough at a glance. */
const LATEST = 5;

const shown = (value: FeatureValue, type: FeatureType): string => writeJson(legible(value, type));

const rowText = (row: Row, types: Fields): string =>
  Object.entries(row)
    .map(([name, value]) => `${name}=${shown(value, types[name])}`)
    .join(" ");

function heads(explanation: Explanation): Fact[] {
  const { keys, keyTypes, t, knownAt, status, eventTime, definition, log } = explanation;
  const { fingerprint, revision, appliedAt, applied } = definition;
  const missing = log.newest > log.loads ? "; newer loads are not online yet: run `asof materialize`" : "";
  return [
    [explanation.kind === "onDemandView" ? "input" : "key", rowText(keys, keyTypes)],
    ["as of", `${moment(t)}${explanation.online.state !== "absent" && explanation.online.t === t ? ", now" : ""}`],
    [
      "knowledge",
      knownAt === undefined ? "what serving knew then" : `in hindsight, what is known at ${moment(knownAt)}`,
    ],
    ["status", eventTime === null ? status : `${status}, last event ${moment(eventTime)}`],
    ...(explanation.kind === "aggregateView"
      ? [["meaning", `${explanation.words}, of ${explanation.source}`] as const]
      : []),
    [
      "definition",
      `${fingerprint.slice(0, 8)}, ${applied ? `revision ${revision}, applied ${moment(appliedAt)}` : "not applied"}`,
    ],
    ...(explanation.kind === "onDemandView"
      ? [
          [
            "needs",
            Object.entries(keyTypes)
              .map(([name, { kind }]) => `${name} ${kind}`)
              .join(", "),
          ] as const,
        ]
      : [["log", `below position ${count(log.position)}, with loads below ${count(log.loads)}${missing}`] as const]),
  ];
}

/** What the stores say of it: the point of the product, so that a difference stands out. */
function agreement(explanation: Explanation, style: Style): string {
  const { check, online, type } = explanation;
  const history: Fact = check.equal
    ? ["history", "the records below give the same as the point-in-time join"]
    : [
        "history",
        `DIFFERENT: the records below give ${shown(check.explained, type)}, the join ${shown(check.answered, type)}`,
      ];
  const text = facts([history, ["online", onlineText(explanation)]], style);
  return check.equal && online.state !== "different" ? text : style.red(text);
}

function onlineText({ online, type, t }: Explanation): string {
  if (online.state === "absent") return `nothing to compare: ${online.why}`;
  const said = (one: {
    readonly value: FeatureValue;
    readonly status: string;
    readonly eventTime: number | null;
  }): string => `${shown(one.value, type)} (${one.status}, last event ${moment(one.eventTime)})`;
  if (online.state === "equal")
    return online.t === t
      ? "equal bit for bit"
      : `equal bit for bit at ${moment(online.t)}, now: ${shown(online.value, type)}`;
  return `DIFFERENT at ${moment(online.t)}: online ${said(online)}, history ${said(online.history)}`;
}

function aggregateParts(explanation: AggregateExplanation, style: Style): string[] {
  const { windows } = explanation;
  const element = windows.length > 1 && explanation.type.kind === "list" ? explanation.type.of : explanation.type;
  const parts: string[] = [];
  if (windows.length > 1)
    parts.push(
      `${style.bold("Windows")}\n${table(
        [
          { right: "element" },
          "from",
          "until",
          { right: "value" },
          { right: "records" },
          { right: "counted" },
          { right: "late" },
        ],
        windows.map(({ start, end, value, records }, i) => [
          String(i),
          moment(start),
          moment(end),
          shown(value, element),
          count(records.visible),
          count(records.counted),
          count(records.late),
        ]),
        style,
      )}`,
    );
  const at = windows.findIndex(({ records }) => records.visible > 0);
  const place = Math.max(0, at);
  const title = windows.length > 1 ? `Element ${place}` : "Window";
  parts.push(...windowParts(explanation, windows[place], title, style));
  return parts;
}

function windowParts(
  { influence, lateness, argumentType, perType, fieldTypes }: AggregateExplanation,
  window: WindowExplanation,
  title: string,
  style: Style,
): string[] {
  const { start, end, tiles, records, contributions, more, groups, moreGroups, late } = window;
  const parts = [
    `${style.bold(title)}\n${facts(
      [
        [
          "covers",
          start === null ? `everything before ${moment(end)}` : `from ${moment(start)} to before ${moment(end)}`,
        ],
        ["tiles", tilesText(window)],
        ["records", recordsText(window)],
        [
          "not visible",
          `${count(records.notYetAvailable)} not yet available, ${count(records.notYetHappened)} not yet happened, ${count(records.withdrawn)} withdrawn`,
        ],
        ["late", records.late === 0 ? "none" : `${count(records.late)}, which ${lateness}`],
      ],
      style,
    )}`,
  ];
  const argument = (value: FeatureValue): string => shown(value, argumentType ?? boolean);
  if (groups !== null && groups.length > 0)
    parts.push(
      `${style.bold(`${perType === null ? "Values" : "Keys"}${moreText(moreGroups)}`)}\n${table(
        [perType === null ? "value" : "key", { right: "records" }],
        groups.map(({ value, records }) => [shown(value, perType ?? argumentType ?? boolean), count(records)]),
        style,
      )}`,
    );
  if (contributions.length > 0)
    parts.push(
      `${style.bold(`Records, by ${influence}${moreText(more)}`)}\n${table(
        [{ right: "argument" }, "event", "available", { right: "position" }, "came by", "fields"],
        contributions.map(({ argument: value, event, available, position, origin, fields }) => [
          argument(value),
          moment(event),
          moment(available),
          count(position),
          origin,
          rowText(fields, fieldTypes) || NONE,
        ]),
        style,
      )}`,
    );
  const latest = late.slice(0, LATEST);
  if (latest.length > 0)
    parts.push(
      `${style.bold(`Late records, the latest first${moreText(records.late - latest.length)}`)}\n${table(
        [{ right: "after its tile" }, "event", "available", { right: "position" }, "came by"],
        latest.map(({ by, event, available, position, origin }) => [
          span(by),
          moment(event),
          moment(available),
          count(position),
          origin,
        ]),
        style,
      )}`,
    );
  if (tiles.hop !== null && tiles.largest.length > 0)
    parts.push(
      `${style.bold("Largest tiles")}\n${table(
        ["from", { right: "records" }, "state"],
        tiles.largest
          .slice(0, TILES)
          .map(({ start, records, open }) => [moment(start), count(records), open ? "open" : "closed"]),
        style,
      )}`,
    );
  return parts;
}

/** Tiles that are listed at the most. */
const TILES = 5;

function tilesText({ tiles }: WindowExplanation): string {
  const { hop, spanned, filled, first, last, open } = tiles;
  if (hop === null) return "one for all of time";
  const state = open === null ? "all closed" : `that of ${moment(open)} still open`;
  return `${count(spanned)} of ${formatDuration(hop)}, ${count(filled)} with records, from ${moment(first)} to ${moment(last)}; ${state}`;
}

function recordsText({ records }: WindowExplanation): string {
  const { visible: seen, counted, filtered, empty, loaded, streamed } = records;
  const left = [
    ...(filtered > 0 ? [`${count(filtered)} left out by the condition`] : []),
    ...(empty > 0 ? [`${count(empty)} without a value`] : []),
  ];
  return `${count(seen)} visible: ${[`${count(counted)} counted`, ...left].join(", ")}; ${count(loaded)} loaded, ${count(streamed)} streamed`;
}

const moreText = (more: number): string => (more > 0 ? ` (${count(more)} more)` : "");

function batchParts(explanation: BatchExplanation, style: Style): string[] {
  const { read, others, more, ttl, expires, type, t } = explanation;
  const lives =
    ttl === null
      ? "for ever"
      : `for ${formatDuration(ttl)}${expires === null ? "" : `: ${expires < t ? "expired" : "until"} ${moment(expires)}`}`;
  const versions = [...(read === null ? [] : [read]), ...others];
  const parts = [facts([["rows live", lives]], style)];
  if (versions.length === 0) parts.push("no version of a row for this key");
  else
    parts.push(
      `${style.bold(`Versions${moreText(more)}`)}\n${table(
        ["state", { right: "value" }, "covers until", "available", { right: "entry" }, "computed by"],
        versions.map(({ state, value, event, available, entry, run }) => [
          state,
          shown(value, type),
          moment(event),
          moment(available),
          count(entry),
          run === null ? NONE : `run ${run.id}${run.backfill ? ", a backfill" : ""}`,
        ]),
        style,
        (cell, column) => (column === 0 && cell.startsWith("read") ? style.green(cell) : cell),
      )}`,
    );
  return parts;
}

function onDemandPart({ code, codeFingerprint }: OnDemandExplanation, style: Style): string {
  const lines = code.split("\n").map((line) => `  ${visible(line)}`);
  return `${facts([["function", codeFingerprint.slice(0, 8)]], style)}\n${lines.join("\n")}`;
}

const boolean: DataType = { kind: "boolean", nullable: false };

import type { Random } from "../../src/surfaces/verify/random.ts";

/** JSON as written: what values cannot say – `1e400`, `-0`, a name twice, a surrogate's half – is text of its own. */
const SCALARS = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-0.0",
  "1",
  "-1",
  "1.5",
  "1e400",
  "-1e400",
  "1e-400",
  "5e-324",
  "9007199254740992",
  "9007199254740993",
  "-9223372036854775808",
  "9223372036854775808",
  "8640000000000001000",
  "123456789012345678901234567890",
  "1e20",
  '""',
  '"a"',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\u{1f600}"',
  '"\u202e\ufeff"',
  '"NaN"',
  '"Infinity"',
  '"-Infinity"',
  '"1e400"',
  '"+275760-09-13T00:00:00Z"',
  '"275760-09-13T00:00:00.001Z"',
  '"0000-00-00"',
  '"2026-02-30T25:61:61Z"',
  '"-000001-01-01"',
  '"9223372036854775808"',
  '"../../../etc/passwd"',
  '"\'; DROP TABLE x; --"',
  "[]",
  "{}",
  "[null]",
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{}}}',
  '{"toString":1,"valueOf":2}',
];

const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "", "\\u0000", "0", "length"];

/** A tree of JSON text: what a mutation changes a node of. */
type Node =
  | { kind: "text"; text: string }
  | { kind: "list"; items: Node[] }
  | { kind: "object"; entries: [string, Node][] };

/** Changes a place of a JSON document; what is no JSON is given back as it is. */
export function mutateJson(random: Random, bytes: Uint8Array): Uint8Array {
  const text = mutateText(random, Buffer.from(bytes).toString("utf8"));
  return new Uint8Array(Buffer.from(text, "utf8"));
}

/** Changes one line of NDJSON, or the lines themselves. */
export function mutateLines(random: Random, bytes: Uint8Array): Uint8Array {
  const lines = Buffer.from(bytes).toString("utf8").split("\n");
  const at = random.whole(0, lines.length - 1);
  const change = random.whole(0, 9);
  if (change < 7) lines[at] = mutateText(random, lines[at]);
  else if (change === 7) lines.splice(at, 0, lines[random.whole(0, lines.length - 1)]);
  else if (change === 8) lines[at] = random.pick(["", " ", "\r", "null", "[]", "\u2028", "{", "}", "\ufeff{}", "1 2"]);
  else lines.splice(at, 1);
  return new Uint8Array(Buffer.from(lines.join("\n"), "utf8"));
}

export function mutateText(random: Random, text: string): string {
  try {
    return changed(random, nodeOf(JSON.parse(text) as unknown));
  } catch {
    // No JSON any more, or nested deeper than this reads.
    return text;
  }
}

function changed(random: Random, document: Node): string {
  let root = document;
  const places: ((node: Node) => void)[] = [];
  const nodes: Node[] = [];
  const visit = (node: Node, put: (node: Node) => void): void => {
    places.push(put);
    nodes.push(node);
    if (node.kind === "list") node.items.forEach((item, i) => visit(item, (made) => (node.items[i] = made)));
    if (node.kind === "object") for (const entry of node.entries) visit(entry[1], (made) => (entry[1] = made));
  };
  visit(root, (made) => (root = made));
  const place = random.whole(0, places.length - 1);
  const node = nodes[place];
  switch (random.whole(0, 5)) {
    case 0:
    case 1:
      places[place]({ kind: "text", text: random.pick(SCALARS) });
      break;
    case 2:
      places[place]({ kind: "text", text: textOf(nodes[random.whole(0, nodes.length - 1)]) });
      break;
    case 3:
      reshape(random, node);
      break;
    case 4:
      places[place]({ kind: "text", text: large(random, textOf(node)) });
      break;
    default:
      if (node.kind === "object") rename(random, node.entries);
      else places[place]({ kind: "text", text: random.pick(SCALARS) });
  }
  return textOf(root);
}

function reshape(random: Random, node: Node): void {
  if (node.kind === "text") return;
  const members: unknown[] = node.kind === "list" ? node.items : node.entries;
  if (members.length === 0) return;
  const at = random.whole(0, members.length - 1);
  if (random.chance(0.5)) members.splice(at, 1);
  // The same name twice, or an element once more.
  else members.splice(random.whole(0, members.length), 0, members[at]);
}

function rename(random: Random, entries: [string, Node][]): void {
  const made = JSON.parse(`"${random.pick(NAMES)}"`) as string;
  if (entries.length === 0 || random.chance(0.5)) entries.push([made, { kind: "text", text: random.pick(SCALARS) }]);
  else entries[random.whole(0, entries.length - 1)][0] = made;
}

function large(random: Random, inside: string): string {
  switch (random.whole(0, 4)) {
    case 0: {
      const depth = random.pick([2, 10, 100, 2_000, 20_000]);
      return "[".repeat(depth) + inside + "]".repeat(depth);
    }
    case 1: {
      const depth = random.pick([2, 10, 100, 2_000]);
      return '{"a":'.repeat(depth) + inside + "}".repeat(depth);
    }
    case 2:
      return JSON.stringify(
        random.pick(["x", "é", "\0", "\u{1f600}", '"', "\\"]).repeat(random.pick([300, 5_000, 70_000])),
      );
    case 3:
      return random.pick(["1", "-9", "0.0"]) + "9".repeat(random.pick([20, 400, 5_000]));
    default:
      return `[${Array.from({ length: random.pick([3, 50, 1_500]) }, () => (inside.slice(0, 200) === inside ? inside : "0")).join(",")}]`;
  }
}

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: "list", items: value.map(nodeOf) };
  if (value !== null && typeof value === "object")
    return { kind: "object", entries: Object.entries(value).map(([name, one]) => [name, nodeOf(one)]) };
  return { kind: "text", text: JSON.stringify(value) };
}

function textOf(node: Node): string {
  if (node.kind === "text") return node.text;
  if (node.kind === "list") return `[${node.items.map(textOf).join(",")}]`;
  return `{${node.entries.map(([name, one]) => `${JSON.stringify(name)}:${textOf(one)}`).join(",")}}`;
}

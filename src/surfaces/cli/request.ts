import type { DataType, Fields, Value } from "../../core/schema/data-type.ts";
import { AsofError } from "../../core/errors.ts";
import { usage } from "./errors.ts";
import { timeOption } from "./time-option.ts";

/**
 * A request row from `input=value` arguments, each value read as its input's type. `null` is null for whatever is
 * not a string. What is missing is left to the service to refuse.
 * @throws ASOF_USAGE, ASOF_UNKNOWN_FIELD, ASOF_TYPE, ASOF_TIMESTAMP
 */
export function parseRequest(given: readonly string[], inputs: Fields): Record<string, Value> {
  const request: Record<string, Value> = {};
  for (const argument of given) {
    const split = argument.indexOf("=");
    if (split < 1) throw usage(`"${argument}" is not input=value`, { argument });
    const name = argument.slice(0, split);
    if (!Object.hasOwn(inputs, name))
      throw new AsofError(
        "ASOF_UNKNOWN_FIELD",
        `there is no input ${name}; there are ${Object.keys(inputs).join(", ")}`,
        { field: name },
      );
    if (Object.hasOwn(request, name)) throw usage(`${name} is given twice`, { argument });
    request[name] = parseValue(name, argument.slice(split + 1), inputs[name]);
  }
  return request;
}

function parseValue(name: string, text: string, type: DataType): Value {
  if (type.kind === "string") return text;
  if (text === "null") return null;
  const refuse = (): AsofError =>
    new AsofError("ASOF_TYPE", `${name} is ${type.kind}, not "${text}"`, {
      field: name,
      expected: type.kind,
      value: text,
    });
  switch (type.kind) {
    case "timestamp":
      return timeOption(text);
    case "boolean":
      if (text !== "true" && text !== "false") throw refuse();
      return text === "true";
    case "int64":
      if (!/^[+-]?\d+$/.test(text)) throw refuse();
      return BigInt(text.replace(/^\+/, ""));
    default:
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^NaN$|^[+-]?Infinity$/i.test(text)) throw refuse();
      return Number(text);
  }
}

import { canonicalize } from "../codec/canonicalize.ts";
import { canonicalKey } from "../codec/key-text.ts";
import { AsofError } from "../errors.ts";
import type { Row, Value } from "../schema/data-type.ts";
import type { ServicePlan } from "./service-plan.ts";

/**
 * Compiles the check of a service's requests: every input there, of its type, and nothing else. An entity key may be
 * null, which is a key without history.
 * @throws ASOF_MISSING_KEY, ASOF_UNKNOWN_FIELD, ASOF_TYPE …, naming the row where there are several
 */
export function requestReader(plan: ServicePlan): (requests: readonly unknown[]) => Row[] {
  const { service } = plan;
  const keys = new Set([...plan.aggregates, ...plan.batches].flatMap(({ inputs }) => Object.values(inputs)));
  const names = Object.keys(service.inputs);
  const inputs = names.map((name) => ({ name, type: service.inputs[name], isKey: keys.has(name) }));
  const read = (request: unknown): Row => {
    if (typeof request !== "object" || request === null || Array.isArray(request))
      throw new AsofError("ASOF_TYPE", `a request must be an object with ${names.join(", ")}`, {
        service: service.name,
      });
    const given = request as Readonly<Record<string, unknown>>;
    const row: Record<string, Value> = {};
    for (const { name, type, isKey } of inputs) {
      const value = given[name];
      if (value === undefined)
        throw new AsofError(
          "ASOF_MISSING_KEY",
          `service ${service.name} asks for ${name}; the request has ${Object.keys(given).join(", ") || "nothing"}`,
          {
            service: service.name,
            field: name,
          },
        );
      if (!isKey) row[name] = canonicalize(type, value, name);
      else row[name] = value === null ? null : canonicalKey(type, value, name);
    }
    const there = Object.keys(given);
    for (let i = 0; i < there.length; i++)
      if (there[i] !== names[i] && !Object.hasOwn(service.inputs, there[i]))
        throw new AsofError(
          "ASOF_UNKNOWN_FIELD",
          `service ${service.name} has no input ${there[i]}; it has ${names.join(", ")}`,
          { service: service.name, field: there[i] },
        );
    return row;
  };
  return (requests) =>
    requests.map((request, i) => {
      try {
        return read(request);
      } catch (error) {
        if (!(error instanceof AsofError) || requests.length === 1) throw error;
        throw new AsofError(error.code, `row ${i}: ${error.message}`, { ...error.details, row: i }, error);
      }
    });
}

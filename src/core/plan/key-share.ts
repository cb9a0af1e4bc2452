import { murmur3 } from "../aggregation/murmur3.ts";
import { ByteWriter } from "../codec/bytes.ts";
import { encodePresent } from "../codec/value-codec.ts";
import { compareStrings } from "../schema/compare.ts";
import type { Row } from "../schema/data-type.ts";
import type { ServicePlan } from "./service-plan.ts";

/** The service's inputs that are keys of entities; all of them where none is. */
export function keyInputs({ aggregates, batches, service }: ServicePlan): readonly string[] {
  const keys = [...aggregates, ...batches].flatMap(({ inputs }) => Object.values(inputs));
  return [...new Set(keys.length > 0 ? keys : Object.keys(service.inputs))].sort(compareStrings);
}

/**
 * Where a request stands among all, from 0 to below 1: by the keys of its entities alone, whatever else it carries, and
 * the same in every process. A request belongs to a share of the keys where it stands below that: of two shares, the
 * greater has all keys of the smaller. Each model orders keys in its own way, so that not the same keys are always the
 * first to be tried on. Which keys a share holds depends on this: it may never change.
 */
export function keyPlaces(plan: ServicePlan, model: string): (request: Row) => number {
  const names = keyInputs(plan);
  const { inputs } = plan.service;
  const writer = new ByteWriter();
  const hash = new Uint32Array(4);
  return (request) => {
    writer.reset();
    encodePresent(writer, STRING, model);
    for (const name of names) {
      const value = request[name];
      writer.u8(value === null ? 0 : 1);
      if (value !== null) encodePresent(writer, inputs[name], value);
    }
    murmur3(writer.view(), hash);
    return hash[0] / 2 ** 32;
  };
}

const STRING = { kind: "string", nullable: false } as const;

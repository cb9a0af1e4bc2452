import { count, listOf, objectOf, optional, text } from "../../core/codec/shape.ts";
import { AsofError } from "../../core/errors.ts";

/**
 * What a partition says of its state, in one value that is read together with the others and changed together with them.
 * - owner: the home whose store it is.
 * - writer, epoch: who has written it, and when that writer last made sure that nothing of it was missing. What was
 *   sent before takes no effect any more.
 * - commit: the number of the last commit that changed the partition.
 * - replication: the replication id of its node at that time.
 * - last: in the first partition, where there are several: the number of the last commit of each partition, as of
 *   the newest whole commit, which is `commit`.
 */
export interface Marker {
  readonly owner: string;
  readonly writer: string;
  readonly epoch: number;
  readonly commit: number;
  readonly replication: string;
  readonly last?: readonly number[];
}

const FORMAT = 1;

const SHAPE = objectOf({
  owner: text,
  writer: text,
  epoch: count,
  commit: count,
  replication: text,
  last: optional(listOf(count)),
});

export function encodeMarker(marker: Marker): Buffer {
  return Buffer.from(JSON.stringify({ format: FORMAT, ...marker }), "latin1");
}

/** @throws ASOF_CORRUPT, ASOF_FORMAT */
export function decodeMarker(bytes: Buffer, place: string): Marker {
  let marker: (Marker & { readonly format: unknown }) | null;
  try {
    marker = JSON.parse(bytes.toString("latin1")) as typeof marker;
  } catch (cause) {
    throw foreign(place, cause);
  }
  if (typeof marker !== "object" || typeof marker?.format !== "number") throw foreign(place);
  if (marker.format > FORMAT)
    throw new AsofError(
      "ASOF_FORMAT",
      `the online store in ${place} has format ${marker.format}, newer than ${FORMAT}`,
      {
        format: marker.format,
      },
    );
  if (SHAPE(marker, "") !== null) throw foreign(place);
  return marker;
}

function foreign(place: string, cause?: unknown): AsofError {
  return new AsofError("ASOF_CORRUPT", `${place} holds something else than an online store`, { part: "online" }, cause);
}

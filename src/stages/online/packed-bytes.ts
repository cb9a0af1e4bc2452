import { ByteReader, ByteWriter } from "../../core/codec/bytes.ts";
import type { Put } from "../../ports/online-store.ts";

// Many small pieces of bytes as one, which is handed from thread to thread at the cost of one.

export type Packed = Uint8Array<ArrayBuffer>;

/** Pieces of bytes, some of which may not be there. */
export function packPieces(pieces: Iterable<Uint8Array | null>): Packed {
  const out = new ByteWriter();
  for (const piece of pieces) putPiece(out, piece);
  return out.finish();
}

/** What was packed; the pieces lie in its memory. */
export function unpackPieces(packed: Packed): (Uint8Array | null)[] {
  const input = new ByteReader(packed);
  const pieces: (Uint8Array | null)[] = [];
  while (input.remaining > 0) pieces.push(takePiece(input));
  return pieces;
}

export function packChanges(changes: readonly Put[]): Packed {
  const out = new ByteWriter();
  for (const [key, value] of changes) {
    out.bytes(key);
    putPiece(out, value);
  }
  return out.finish();
}

/** What was packed; keys and values lie in its memory. */
export function unpackChanges(packed: Packed): Put[] {
  const input = new ByteReader(packed);
  const changes: Put[] = [];
  while (input.remaining > 0) changes.push([input.bytesView(), takePiece(input)]);
  return changes;
}

/** Its length and one, or 0 where it is not there; and it. */
function putPiece(out: ByteWriter, piece: Uint8Array | null): void {
  out.varint(piece === null ? 0 : piece.length + 1);
  if (piece !== null) out.raw(piece);
}

function takePiece(input: ByteReader): Uint8Array | null {
  const size = input.varint();
  return size === 0 ? null : input.rawView(size - 1);
}

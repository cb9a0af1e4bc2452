import { isUtf8 } from "node:buffer";
import { AsofError } from "../../core/errors.ts";

/** A request's body: text in one of the two languages the server reads. */
export interface Body {
  readonly language: "json" | "ndjson";
  readonly text: string;
}

/** The media types of bodies, and what they hold. */
export const mediaTypes = { json: "application/json", ndjson: "application/x-ndjson" } as const;

/** Takes a body as it came. @throws ASOF_MEDIA_TYPE where it is declared to be anything but plain UTF-8; ASOF_JSON where it is not */
export function readBody(
  language: Body["language"],
  bytes: Buffer,
  contentType: string,
  contentEncoding: string | undefined,
): Body {
  const charset = contentType.includes(";") ? /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1] : undefined;
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    throw new AsofError("ASOF_MEDIA_TYPE", `a body in ${charset} is not read: send UTF-8`, { charset });
  if (contentEncoding !== undefined && contentEncoding !== "identity")
    throw new AsofError("ASOF_MEDIA_TYPE", `a body encoded as ${contentEncoding} is not read: send it plain`, {
      contentEncoding,
    });
  if (!isUtf8(bytes)) throw new AsofError("ASOF_JSON", "the body is not UTF-8", { position: wrongByte(bytes) });
  return { language, text: bytes.toString("utf8") };
}

/** The number of bytes before the first that cannot be UTF-8, found by halving. */
function wrongByte(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (startsAsUtf8(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Whether bytes are UTF-8, be it that their end cuts a character. */
function startsAsUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

import { AsofError } from "../../core/errors.ts";

/**
 * Bounds the memory that bodies take: a request is admitted by the size it announces, or the largest allowed if it
 * announces none, and counts until it is answered.
 */
export class Admission {
  private readonly limit: number;
  private readonly largest: number;
  private held = 0;

  constructor(limit: number, largest: number) {
    this.limit = limit;
    this.largest = largest;
  }

  /** Bytes of the requests being answered. */
  get bytes(): number {
    return this.held;
  }

  /**
   * Admits a request with its headers' word on its body: the bytes that it counts for, until it `leave`s.
   * @throws ASOF_BUSY; a request that is alone is admitted always
   */
  admit(contentLength: string | undefined, transferEncoding: string | undefined): number {
    const announced =
      contentLength === undefined ? (transferEncoding === undefined ? 0 : this.largest) : Number(contentLength);
    // More than the largest is refused later, unread.
    const bytes = announced <= this.largest ? announced : 0;
    if (bytes > 0 && this.held > 0 && this.held + bytes > this.limit)
      throw new AsofError("ASOF_BUSY", "the server holds as many requests as it can", {
        bytes: this.held,
        limit: this.limit,
      });
    this.held += bytes;
    return bytes;
  }

  /** A request that was admitted with so many bytes is over. */
  leave(bytes: number): void {
    this.held -= bytes;
  }
}

import type { FastifyReply } from "fastify";

/**
 * Whether a server is about to end: connections that have their answer would else stay open, idle, and hold it up. While
 * it retires it still answers what comes; once it closes it does not.
 */
export class Leaving {
  isTold = false;
  isClosing = false;

  retire(): void {
    this.isTold = true;
  }

  close(): void {
    this.isTold = true;
    this.isClosing = true;
  }

  /** Makes an answer the last of its connection. */
  hangUpAfter(reply: FastifyReply): void {
    void reply.header("connection", "close");
  }
}

import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { Io } from "./io.ts";

/** Asks a question to be answered with yes or no; anything else, and the end of the input, is no. */
export async function confirm({ stdin, stderr, signal }: Io, question: string): Promise<boolean> {
  // Not as a terminal: readline would keep Ctrl-C for itself.
  const prompt = createInterface({ input: stdin, output: stderr, terminal: false });
  try {
    const ended = once(prompt, "close").then(() => "");
    const answer = await Promise.race([prompt.question(`${question} [y/N] `, { signal }), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    prompt.close();
  }
}

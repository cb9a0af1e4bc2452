import { Readable, Writable } from "node:stream";
import { run } from "../../src/surfaces/cli/run.ts";

/** What one command printed and how it ended. */
export interface Captured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly stdin?: string | Readable;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Hears what is printed on stdout as it comes. */
  readonly heard?: (text: string) => void;
  /** Both outputs are terminals. */
  readonly terminal?: boolean;
}

/** Runs a command in this process, on streams of its own. */
export async function asof(args: readonly string[], around: Surroundings = {}): Promise<Captured> {
  const terminal = around.terminal === true;
  const [stdout, stderr] = [new Capture(terminal, around.heard), new Capture(terminal)];
  const { stdin = "", cwd = process.cwd(), env = {}, signal = new AbortController().signal } = around;
  const input = typeof stdin === "string" ? Readable.from([Buffer.from(stdin)]) : stdin;
  const code = await run(args, { stdin: input, stdout, stderr, env, cwd, signal });
  return { code, out: stdout.text, err: stderr.text };
}

class Capture extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly columns = 100;

  private readonly heard: ((text: string) => void) | undefined;

  constructor(isTTY: boolean, heard?: (text: string) => void) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.heard = heard;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += String(chunk);
    this.heard?.(String(chunk));
    done();
  }
}

import { userInfo } from "node:os";
import path from "node:path";
import { assert } from "../../core/assert.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import { type LoadedConfiguration, loadConfiguration } from "../../configuration.ts";
import type { OpenOptions } from "../../open.ts";
import type { Store } from "../../store.ts";
import { failureOf } from "./errors.ts";
import type { Io } from "./io.ts";
import { writeJson } from "../http/json/write-json.ts";
import { type ProgressBar, progressBar } from "./progress-bar.ts";
import type { Report } from "./report.ts";
import { plain, type Style, styleFor } from "./style.ts";
import { visibleLines } from "./text.ts";

/** What every verb accepts. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly config?: string;
  readonly home?: string;
  readonly quiet?: boolean;
}

/** What a run was asked to do. */
export interface Command {
  readonly verb: string;
  /** The first name that it was given. */
  readonly target: string | null;
}

/** Verbs that change the store, which the audit trail tells of. */
const CHANGING = new Set("apply ingest retract compute train promote materialize replay forget".split(" "));

/** One run of one verb: its way to the store, to the user's files and to the user. */
export class Invocation {
  readonly io: Io;
  readonly options: GlobalOptions;
  readonly #command: Command | null;
  #bar: ProgressBar | null = null;
  #printed = false;

  constructor(io: Io, options: GlobalOptions, command: Command | null = null) {
    this.io = io;
    this.options = options;
    this.#command = command;
  }

  /** Who runs it, as the audit trail has it. */
  get user(): string {
    try {
      return `user:${userInfo().username}`;
    } catch {
      // A container may run under a number that nobody goes by.
      return `user:${process.getuid?.() ?? "unknown"}`;
    }
  }

  /** A path that the user gave, absolute. */
  path(given: string): string {
    return path.resolve(this.io.cwd, given);
  }

  async configuration(): Promise<LoadedConfiguration> {
    const { config, home } = this.options;
    const loaded = await loadConfiguration(this.path(config ?? "."));
    return home === undefined
      ? loaded
      : { ...loaded, configuration: { ...loaded.configuration, home: this.path(home) } };
  }

  /**
   * Opens the store for as long as the work takes, for reading where another process writes to it and that will do.
   * What the work threw wins over what closing throws.
   */
  async withStore<T>(
    work: (store: Store, loaded: LoadedConfiguration) => Promise<T>,
    { whenLocked = "read", ...options }: Pick<OpenOptions, "whenLocked" | "addedLatency"> = {},
  ): Promise<T> {
    const loaded = await this.configuration();
    this.io.signal.throwIfAborted();
    // Only now: engines take their time to load, which `--help` and a wrong configuration need not wait for.
    const { open } = await import("../../open.ts");
    const onDamage = ({ message }: Error): void =>
      this.note(`${message}: only what is online can be served; \`asof doctor\` says what mends it`);
    const store = await open(loaded.configuration, { ...options, whenLocked, onDamage });
    const from = Date.now() * 1000;
    let result: T;
    try {
      result = await work(store, loaded);
      await this.#record(store, from, "ok");
    } catch (error) {
      this.closeBar();
      await this.#record(store, from, failureOf(error).code).catch(() => {});
      await store.close().catch(() => {});
      throw error;
    }
    this.closeBar();
    await store.close();
    return result;
  }

  /** Notes in the audit trail, which begins with the first key, what changed the store. */
  async #record(store: Store, from: number, outcome: string): Promise<void> {
    const command = this.#command;
    if (command === null || !CHANGING.has(command.verb) || (await store.keys.version()) === 0) return;
    const { verb, target } = command;
    const [who, until] = [this.user, Date.now() * 1000];
    const what = { who, name: null, via: "cli", action: verb, target, outcome } as const;
    await store.trail.note({ ...what, requests: 1, from, until, requestId: null });
  }

  /** What long work is given: the user's wish to stop, and on a terminal a bar to report to. */
  work(): WorkOptions {
    const { signal, stderr } = this.io;
    if (stderr.isTTY !== true || this.options.quiet === true) return { signal };
    this.#bar ??= progressBar(stderr);
    return { signal, onProgress: this.#bar.show };
  }

  closeBar(): void {
    this.#bar?.close();
  }

  /** Says something in passing, on stderr. */
  note(message: string): void {
    if (this.options.quiet !== true) this.io.stderr.write(`${visibleLines(message)}\n`);
  }

  /** Prints the result: at most one a run, so that stdout holds one document with `--json`. */
  print(report: Report): void {
    assert(!this.#printed, "a verb prints one report");
    this.#printed = true;
    this.closeBar();
    const text = this.options.json === true ? writeJson(report.json) : report.text(this.style);
    if (text !== "") this.io.stdout.write(`${text}\n`);
  }

  /** How stdout is styled. */
  get style(): Style {
    return this.options.json === true ? plain : styleFor(this.io.stdout, this.io.env);
  }
}

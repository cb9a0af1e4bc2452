import { rm } from "node:fs/promises";
import { backup, restore } from "../../src/index.ts";
import { type Checked, checkStore, type Loaded } from "./check-store.ts";
import { configurationOf } from "./definitions.ts";

/** A backup of a store whose server is killed meanwhile, perhaps: what it holds, once it is restored. */
export class Backups {
  readonly #home: string;
  readonly #all: () => readonly Loaded[];
  #before: ReadonlySet<Loaded> = new Set();
  #taken: Promise<unknown> | null = null;

  /** @param all what was sent so far: the same objects each time */
  constructor(home: string, all: () => readonly Loaded[]) {
    this.#home = home;
    this.#all = all;
  }

  get #folder(): string {
    return `${this.#home}-backup`;
  }

  /** Begins one in this process, once a promise resolves. */
  start(when: Promise<unknown>): void {
    const take = async (): Promise<void> => {
      await when;
      this.#before = new Set(this.#all().filter(({ acknowledged }) => acknowledged));
      await backup(this.#home, this.#folder);
    };
    this.#taken = take();
    // Looked at by `check`, after the kill.
    this.#taken.catch(() => {});
  }

  /** Resolves once what was begun is there. While it reads the online store, this process cannot open it to write. */
  async taken(): Promise<void> {
    await this.#taken;
  }

  /** Restores what was taken, with the online store in LMDB, and checks it. Null where none was. */
  async check(variant: number): Promise<Checked | null> {
    if (this.#taken === null) return null;
    await this.taken();
    const home = `${this.#home}-restored`;
    const configuration = configurationOf(variant, home, null);
    try {
      await restore({ ...configuration, audit: false }, this.#folder);
      const batches = this.#all().map((one) => ({ ...one, acknowledged: this.#before.has(one) }));
      return await checkStore(configuration, batches, false);
    } finally {
      for (const folder of [home, this.#folder]) await rm(folder, { recursive: true, force: true });
    }
  }
}

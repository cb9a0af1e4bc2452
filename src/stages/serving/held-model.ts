import type { LoadedModel } from "../../ports/trainer.ts";

/** A loaded version of a model. It is closed once it serves no more and nobody predicts with it. */
export class HeldModel {
  readonly version: number;
  readonly loaded: LoadedModel;
  private users = 0;
  private retired = false;

  constructor(version: number, loaded: LoadedModel) {
    this.version = version;
    this.loaded = loaded;
  }

  /** Whether it may be predicted with, until it is released. */
  hold(): boolean {
    if (this.retired) return false;
    this.users++;
    return true;
  }

  release(): void {
    this.users--;
    this.closeIfDone();
  }

  /** It serves no more. */
  retire(): void {
    if (this.retired) return;
    this.retired = true;
    this.closeIfDone();
  }

  private closeIfDone(): void {
    if (this.retired && this.users === 0) this.loaded.close();
  }
}

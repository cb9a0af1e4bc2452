import type { Configuration } from "../../configuration.ts";
import type { Store } from "../../store.ts";
import type { JobSettings } from "../../configuration.ts";

/** What jobs work on. */
export interface JobPlace {
  readonly store: Store;
  readonly configuration: Configuration & { readonly home: string };
}

/** Does what a job is for. @throws what the work fails with; ASOF_VERIFY where answers differ */
export async function workOf({ store, configuration }: JobPlace, job: JobSettings, signal: AbortSignal): Promise<void> {
  switch (job.run) {
    case "compute":
      await store.compute(job.views, { signal });
      return;
    case "materialize":
      await store.materialize(job.views, { signal });
      return;
    case "train":
      for (const model of job.models ?? (await modelsOf(store))) {
        const options = job.promote === undefined ? { signal } : { signal, promote: job.promote };
        await store.train(model, options);
      }
      return;
    case "verify": {
      const { verifyStore } = await import("../verify/verify-store.ts");
      await verifyStore({ store, configuration, minutes: job.minutes ?? 1, signal });
    }
  }
}

async function modelsOf(store: Store): Promise<string[]> {
  return (await store.catalog()).filter(({ kind }) => kind === "model").map(({ name }) => name);
}

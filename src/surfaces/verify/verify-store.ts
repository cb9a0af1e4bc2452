import type { Configuration } from "../../configuration.ts";
import { AsofError } from "../../core/errors.ts";
import type { Store } from "../../store.ts";
import { verifyData, type VerifyDataOutcome } from "./verify-data.ts";

export interface VerifyStoreOptions {
  readonly store: Store;
  readonly configuration: Configuration & { readonly home: string };
  readonly minutes: number;
  readonly signal: AbortSignal;
}

/** Verifies a store for so many minutes. @throws ASOF_DIFFERENT */
export type Verify = (minutes: number) => Promise<VerifyDataOutcome>;

/** Samples a store that is open here for so long, as a run of it. @throws ASOF_DIFFERENT, ASOF_USAGE where it is empty */
export function verifyStore({ store, configuration, minutes, signal }: VerifyStoreOptions): Promise<VerifyDataOutcome> {
  return store.recordVerification(
    async ({ onProgress }) => {
      const outcome = await verifyData({
        configuration,
        seed: Math.floor(Math.random() * 1e9),
        runs: Infinity,
        minutes,
        folder: configuration.home,
        signal,
        ...(onProgress === undefined ? {} : { onProgress }),
      });
      if (outcome.failure === null) return outcome;
      const { difference, file } = outcome.failure;
      throw new AsofError(
        "ASOF_DIFFERENT",
        `${difference.service} answers ${difference.name} otherwise than its records say`,
        { service: difference.service, feature: difference.name, file },
      );
    },
    { signal },
  );
}

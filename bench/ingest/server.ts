import { serve, type RunningServer } from "../../src/surfaces/http/serve.ts";
import { open } from "../../src/open.ts";
import type { Store } from "../../src/store.ts";
import { definitions } from "./definitions.ts";
import { obey, usage } from "./process.ts";

// The store and its server, in a process of their own.

let store: Store;
let server: RunningServer;

/** Keys asked for at once. */
const PORTION = 1_000;

async function begin({ home, history }: { home: string; history: string | null }): Promise<number> {
  store = await open({ home, definitions, memory: "512MB" });
  await store.apply();
  if (history !== null) await store.load("flights", [history]);
  await store.materialize();
  server = await serve(store, { port: 0, logger: false });
  return Number(new URL(server.url).port);
}

/** One feature of a service for each of the keys, and the moment of the first answer. */
async function read(input: {
  service: string;
  feature: string;
  keys: readonly Readonly<Record<string, unknown>>[];
}): Promise<{ values: unknown[]; t: number }> {
  const { service, feature, keys } = input;
  const values: unknown[] = [];
  let t = 0;
  for (let from = 0; from < keys.length; from += PORTION) {
    const answers = await (
      store.features as (service: string, keys: unknown) => Promise<{ t: number; values: object }[]>
    )(service, keys.slice(from, from + PORTION));
    if (from === 0) t = answers[0].t;
    values.push(...answers.map(({ values }) => (values as Record<string, unknown>)[feature]));
  }
  return { values, t };
}

obey({
  begin,
  read,
  usage,
  settled: () => store.settled(),
  end: async () => {
    await server.close();
    await store.close();
  },
});

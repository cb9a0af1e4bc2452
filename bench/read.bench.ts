import path from "node:path";
import { open as openBare, type RootDatabase } from "lmdb";
import { openLmdb } from "../src/adapters/lmdb/open-lmdb.ts";
import { entityKeyEncoder, statePrefix, VIEWS_KEY } from "../src/core/codec/online-keys.ts";
import { decodeViews, noViews } from "../src/core/codec/online-meta.ts";
import type { Store } from "../src/store.ts";
import { alternate, type BenchCase, type BenchOptions, compare, type Contender } from "./measure.ts";
import { openPeople, PAYERS, PEOPLE, profileService, spendingService, withPeople } from "./people.ts";

// Features in process, decoded and merged, of one key and of a hundred a call, against bare look-ups of as many records
// of the same size in LMDB whose bytes nobody looks at. Time is that of this thread.

const KEYS = 20_000;
const ROUNDS = 15;

/** Of an online key: what stands before the entity, what says that it is a head record, what follows in a block's. */
const PREFIX = 6;
const HEAD = 0;
const BLOCK = 8;

type Bare = RootDatabase<Uint8Array, Uint8Array>;

export async function run({ log }: BenchOptions): Promise<BenchCase[]> {
  return withPeople(async (home, folder) => {
    const bare: Bare = openBare(path.join(folder, "bare"), { keyEncoding: "binary", encoding: "binary" });
    const records = await copyRecords(path.join(home, "online"), bare);
    const store = await openPeople(home);
    try {
      const cases: BenchCase[] = [];
      for (const { service, view, name, people, wanted } of [
        { service: profileService, view: "profile", name: "a row of 10 features", people: PEOPLE, wanted: 0.6 },
        { service: spendingService, view: "spending", name: "20 windows from tiles", people: PAYERS, wanted: 0.3 },
      ])
        for (const batch of [1, 100]) {
          const asked = Array.from({ length: KEYS }, (_, i) => ({ person: (i * 7919) % people }));
          const keys = asked.flatMap(({ person }) => records(view, person));
          const equal = await readsAll(store, service, asked.slice(0, 500), batch);
          const [ours, reference] = await alternate([reading(store, service, asked, batch), looking(bare, keys)], {
            rounds: ROUNDS,
            warmups: 3,
          });
          const title = `${name}, ${batch} ${batch === 1 ? "key" : "keys"} a call`;
          log(`${title}: ${(keys.length / KEYS).toFixed(1)} records a key; ${wanted} times the rate wanted`);
          cases.push(compare(title, ours, reference, { equal, rate: { work: KEYS, unit: "keys/s" } }));
        }
      return cases;
    } finally {
      await store.close();
      await bare.close();
    }
  });
}

type Service = typeof profileService | typeof spendingService;

async function ask(store: Store, service: Service, asked: readonly { readonly person: number }[], batch: number) {
  const name = service.definition.name;
  if (batch === 1) return (await Promise.all(asked.map((one) => store.features(name, [one])))).flat();
  const answers = [];
  for (let i = 0; i < asked.length; i += batch)
    answers.push(...(await store.features(name, asked.slice(i, i + batch))));
  return answers;
}

/** Whether every key is found, and answered as history answers for that moment. */
async function readsAll(
  store: Store,
  service: Service,
  asked: readonly { readonly person: number }[],
  batch: number,
): Promise<boolean> {
  const live = await ask(store, service, asked, batch);
  const past = await store.features(service.definition.name, asked, { at: live[0].t });
  return live.every(
    ({ values }, i) =>
      Object.values(values).every((value) => value !== null) &&
      JSON.stringify(values) === JSON.stringify(past[i].values),
  );
}

function reading(
  store: Store,
  service: Service,
  asked: readonly { readonly person: number }[],
  batch: number,
): Contender<unknown> {
  const calls = Array.from({ length: KEYS / batch }, (_, i) => asked.slice(i * batch, (i + 1) * batch));
  return {
    name: "features",
    async measure() {
      const before = cpuTime();
      if (batch === 1) for (const [one] of calls) await store.features(service.definition.name, [one]);
      else for (const call of calls) await store.features(service.definition.name, call);
      return { milliseconds: (cpuTime() - before) / 1000, result: null };
    },
  };
}

function looking(bare: Bare, keys: readonly Uint8Array[]): Contender<unknown> {
  return {
    name: "bare",
    measure() {
      const before = cpuTime();
      let bytes = 0;
      for (const key of keys) bytes += bare.getBinaryFast(key)?.length ?? Number.NaN;
      if (!(bytes > 0)) throw new Error("a record is missing");
      return Promise.resolve({ milliseconds: (cpuTime() - before) / 1000, result: null });
    },
  };
}

/** Copies what the views hold, and tells the keys of a person's records in a view. */
async function copyRecords(online: string, bare: Bare): Promise<(view: string, person: number) => Uint8Array[]> {
  const store = await openLmdb(online, { readOnly: true });
  try {
    let views = noViews;
    await store.read([VIEWS_KEY], (_, bytes) => (views = decodeViews(bytes!)));
    const states = new Map(views.views.map(({ name, state }) => [name, state]));
    const held = new Map<string, Uint8Array[]>();
    for (const state of states.values())
      for await (const [key, value] of store.scan(statePrefix(state))) {
        void bare.put(key, value);
        const name = nameOf(state, key.subarray(PREFIX, key[PREFIX - 1] === HEAD ? undefined : -BLOCK));
        const there = held.get(name);
        if (there === undefined) held.set(name, [key]);
        else there.push(key);
      }
    await bare.flushed;
    const encode = entityKeyEncoder({ person: { kind: "int32", nullable: false } });
    return (view, person) =>
      held.get(
        nameOf(
          states.get(view)!,
          encode(() => person)!,
        ),
      )!;
  } finally {
    await store.close();
  }
}

const nameOf = (state: number, entity: Uint8Array): string => `${state}/${Buffer.from(entity).toString("hex")}`;

/** Microseconds of this thread. User and system time are told apart by ticks of milliseconds; only their sum is exact. */
function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

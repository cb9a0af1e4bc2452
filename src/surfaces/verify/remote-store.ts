import type { ChildProcess } from "node:child_process";
import { AsofError } from "../../core/errors.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import {
  courseMethods,
  type CourseStore,
  type FromStore,
  type StoreCall,
  type StoreSettings,
  type WorkerFailure,
} from "./course-store.ts";
import { startWorker } from "./start-worker.ts";

/** A store that a process of its own holds. */
export interface RemoteStore {
  readonly store: CourseStore;
  /** Kills the process as it stands (SIGKILL); resolves once it is gone. */
  kill(): Promise<void>;
}

/** Opens a store in a process of its own, whose clock stands where `now` says at each call. */
export async function openRemoteStore(settings: StoreSettings, now: () => Timestamp): Promise<RemoteStore> {
  const child = startWorker();
  const calls = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const wait = (id: number): Promise<unknown> =>
    new Promise((resolve, reject) => void calls.set(id, { resolve, reject }));
  const gone = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const failAll = (why: string): void => {
    for (const { reject } of calls.values()) reject(new Error(why));
    calls.clear();
  };
  child.once("error", (error) => failAll(error.message));
  child.once("exit", (code, signal) => failAll(`the process of the store ended, with ${signal ?? `code ${code}`}`));
  child.on("message", (message: FromStore | WorkerFailure) => {
    if ("kind" in message) return failAll(message.error);
    const call = calls.get(message.id);
    calls.delete(message.id);
    if ("value" in message) call?.resolve(message.value);
    else call?.reject(errorOf(message));
  });
  const opened = wait(0);
  child.send(settings);
  await opened;
  let id = 0;
  const call = (method: keyof CourseStore, args: readonly unknown[]): Promise<unknown> => {
    const message: StoreCall = { id: ++id, now: now(), method, args };
    const answer = wait(message.id);
    child.send(message);
    return answer;
  };
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
  };
  return { store: facade(child, call, gone), kill };
}

function errorOf({ error: { code, message } }: Exclude<FromStore, { value: unknown }>): Error {
  return code === null ? new Error(message) : new AsofError(code, message, {});
}

/** Every method by its name; closing ends the process too. */
function facade(
  child: ChildProcess,
  call: (method: keyof CourseStore, args: readonly unknown[]) => Promise<unknown>,
  gone: Promise<void>,
): CourseStore {
  const methods = courseMethods.map((method) => [method, (...args: readonly unknown[]) => call(method, args)] as const);
  const close = async (): Promise<void> => {
    await call("close", []);
    child.disconnect();
    await gone;
  };
  // Each has the arguments and the result of the store's own, which is what answers.
  return { ...Object.fromEntries(methods), close } as unknown as CourseStore;
}

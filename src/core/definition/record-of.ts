import type { Fields } from "../schema/data-type.ts";
import type { EventSource } from "./event-source.ts";
import type { Given } from "./feature-service.ts";

type Flat<T> = { readonly [P in keyof T]: T[P] };

/** A record as it is sent: fields that admit null may be left out, and those with a default. */
type Sent<F extends Fields, D extends string> = Flat<
  { readonly [P in keyof F as P extends D ? never : F[P]["nullable"] extends true ? never : P]: Given<F[P]> } & {
    readonly [P in keyof F as P extends D ? P : F[P]["nullable"] extends true ? P : never]?: Given<F[P]>;
  }
>;

/** A record of a source as it is sent. */
export type RecordOf<S> = S extends EventSource<infer F, string, infer D> ? Sent<F, D> : never;

/** What names records of a source to withdraw: the fields of its id. */
export type RecordIdOf<S> = Partial<RecordOf<S>>;

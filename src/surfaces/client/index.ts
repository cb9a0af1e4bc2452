// What `asof/client` offers: a client of the HTTP server for browsers, edge runtimes and Node. It needs `fetch` and
// nothing of Node, and of the server it imports types alone.
export { createClient } from "./create-client.ts";
export type { Client, FeatureOptions, IngestClientOptions, RunFilter } from "./client.ts";
export type { CallOptions, ClientOptions, Fetch } from "./client-options.ts";
export { ClientError } from "./client-error.ts";
export type { ClientErrorCode } from "./client-error.ts";
export type { ModelsIn, RecordsIn, ServicesIn } from "./defined.ts";
export type { Told } from "./told.ts";

// What `asof/http` offers: a server for a store that is open in this process.
export { serve } from "./serve.ts";
export type { RunningServer } from "./serve.ts";
export type { LogLevel, ServeOptions, ServerOptions } from "./server-options.ts";

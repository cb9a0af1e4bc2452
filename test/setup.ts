import fc from "fast-check";
import { watchServers } from "./described/watch-servers.ts";

/** Generated tests repeat exactly; ASOF_SEED looks elsewhere. The summary reporter prints the seed. */
const seed = Number(process.env["ASOF_SEED"] ?? 20010630);
if (!Number.isInteger(seed)) throw new Error(`ASOF_SEED must be an integer, not "${process.env["ASOF_SEED"]}"`);

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

watchServers();

import type { Route, RouteContext } from "../route.ts";
import { getOnlineFeaturesRoute } from "./get-online-features.ts";
import { materializeIncrementalRoute, materializeRoute } from "./materialize.ts";
import { pushRoute } from "./push.ts";
import { writeToOnlineStoreRoute } from "./write-to-online-store.ts";

/** The routes of Feast's feature server, for its own clients. `GET /health` is there already. */
export function feastRoutes(context: RouteContext): readonly Route[] {
  return [
    getOnlineFeaturesRoute(context),
    pushRoute(context),
    writeToOnlineStoreRoute(context),
    materializeRoute(context),
    materializeIncrementalRoute(context),
  ];
}

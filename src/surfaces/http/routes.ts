import { feastRoutes } from "./feast/routes.ts";
import type { Route, RouteContext } from "./route.ts";
import { auditLogRoute } from "./routes/audit-log.ts";
import { auditRoute } from "./routes/audit.ts";
import { catalogRoute } from "./routes/catalog.ts";
import { driftRoute } from "./routes/drift.ts";
import { correctionsRoute } from "./routes/corrections.ts";
import { eventsRoute } from "./routes/events.ts";
import { explainByBodyRoute, explainRoute } from "./routes/explain.ts";
import { featuresRoute } from "./routes/features.ts";
import { forgetRoute } from "./routes/forget.ts";
import { healthRoute } from "./routes/health.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { modelsRoute } from "./routes/models.ts";
import { openApiRoute } from "./routes/openapi.ts";
import { predictRoute } from "./routes/predict.ts";
import { readyRoute } from "./routes/ready.ts";
import { retractionsRoute } from "./routes/retractions.ts";
import { runsRoute } from "./routes/runs.ts";
import { statusRoute } from "./routes/status.ts";

/** Every route of the server. */
export function routesOf(context: RouteContext, version: string): readonly Route[] {
  const routes = [
    eventsRoute(context),
    retractionsRoute(context),
    correctionsRoute(context),
    featuresRoute(context),
    predictRoute(context),
    explainRoute(context),
    explainByBodyRoute(context),
    catalogRoute(context),
    statusRoute(context),
    runsRoute(context),
    modelsRoute(context),
    auditRoute(context),
    driftRoute(context),
    metricsRoute(context),
    forgetRoute(context),
    auditLogRoute(context),
    healthRoute(),
    readyRoute(context),
    ...feastRoutes(context),
  ];
  return [...routes, openApiRoute(context, routes, version)];
}

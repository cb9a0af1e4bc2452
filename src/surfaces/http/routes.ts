import { feastRoutes } from "./feast/routes.ts";
import type { Route, RouteContext } from "./route.ts";
import { accessRoute } from "./routes/access.ts";
import { auditLogRoute } from "./routes/audit-log.ts";
import { auditNowRoute, auditRoute } from "./routes/audit.ts";
import { catalogRoute } from "./routes/catalog.ts";
import { distributionRoute } from "./routes/distribution.ts";
import { demoRoute, slowDownRoute } from "./routes/demo.ts";
import { driftRoute } from "./routes/drift.ts";
import { comparisonRoute } from "./routes/comparison.ts";
import { computeRoute } from "./routes/compute.ts";
import { correctionsRoute } from "./routes/corrections.ts";
import { evaluationRoute } from "./routes/evaluation.ts";
import { eventsRoute } from "./routes/events.ts";
import { explainByBodyRoute, explainRoute } from "./routes/explain.ts";
import { featuresRoute } from "./routes/features.ts";
import { forgetRoute } from "./routes/forget.ts";
import { healthRoute } from "./routes/health.ts";
import { liveRoute } from "./routes/live.ts";
import { materializeViewsRoute } from "./routes/materialize.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { modelsRoute } from "./routes/models.ts";
import { openApiRoute } from "./routes/openapi.ts";
import { predictRoute } from "./routes/predict.ts";
import { demoteRoute, promoteRoute } from "./routes/promote.ts";
import { readyRoute } from "./routes/ready.ts";
import { retractionsRoute } from "./routes/retractions.ts";
import { runsRoute } from "./routes/runs.ts";
import { scheduleRoute } from "./routes/schedule.ts";
import { samplesRoute } from "./routes/samples.ts";
import { statusRoute } from "./routes/status.ts";
import { trainRoute } from "./routes/train.ts";
import { modelTypesRoute, serviceTypesRoute } from "./routes/types.ts";
import { verifyRoute } from "./routes/verify.ts";

/** Every route of the server. */
export function routesOf(context: RouteContext, version: string): readonly Route[] {
  const routes = [
    eventsRoute(context),
    retractionsRoute(context),
    correctionsRoute(context),
    featuresRoute(context),
    predictRoute(context),
    serviceTypesRoute(context),
    modelTypesRoute(context),
    explainRoute(context),
    explainByBodyRoute(context),
    catalogRoute(context),
    statusRoute(context),
    liveRoute(context),
    runsRoute(context),
    samplesRoute(context),
    modelsRoute(context),
    scheduleRoute(context),
    comparisonRoute(context),
    evaluationRoute(context),
    promoteRoute(context),
    demoteRoute(context),
    computeRoute(context),
    trainRoute(context),
    materializeViewsRoute(context),
    verifyRoute(context),
    demoRoute(context),
    slowDownRoute(context),
    auditRoute(context),
    auditNowRoute(context),
    driftRoute(context),
    distributionRoute(context),
    metricsRoute(context, version),
    forgetRoute(context),
    auditLogRoute(context),
    accessRoute(),
    healthRoute(),
    readyRoute(context),
    ...feastRoutes(context),
  ];
  return [...routes, openApiRoute(context, routes, version)];
}

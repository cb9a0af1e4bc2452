import type { Target } from "./target.ts";
import { bodyTargets } from "./targets/bodies.ts";
import { codecTargets } from "./targets/codecs.ts";
import { loadTargets } from "./targets/loads.ts";
import { logSegments } from "./targets/log-segments.ts";
import { modelTargets } from "./targets/models.ts";
import { storedJsonTargets } from "./targets/stored-json.ts";
import { tileTargets } from "./targets/tiles.ts";

/** Everything that reads bytes from elsewhere. */
export const targets: readonly Target[] = [
  ...codecTargets,
  ...storedJsonTargets,
  ...tileTargets,
  logSegments,
  ...bodyTargets,
  ...loadTargets,
  ...modelTargets,
];

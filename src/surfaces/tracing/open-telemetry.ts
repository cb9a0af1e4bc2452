import type * as Api from "@opentelemetry/api";
import type * as Core from "@opentelemetry/core";
import type * as Exporter from "@opentelemetry/exporter-trace-otlp-http";
import type * as Resources from "@opentelemetry/resources";
import type * as Sdk from "@opentelemetry/sdk-trace";
import { AsofError } from "../../core/errors.ts";

/** What spans are made and sent with. It is optional: only who traces installs it. */
export interface OpenTelemetry {
  readonly api: typeof Api;
  readonly core: typeof Core;
  readonly exporter: typeof Exporter;
  readonly resources: typeof Resources;
  readonly sdk: typeof Sdk;
}

/** @throws ASOF_CONFIG */
export async function loadOpenTelemetry(): Promise<OpenTelemetry> {
  try {
    const [api, core, exporter, resources, sdk] = await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/core"),
      import("@opentelemetry/exporter-trace-otlp-http"),
      import("@opentelemetry/resources"),
      import("@opentelemetry/sdk-trace"),
    ]);
    return { api, core, exporter, resources, sdk };
  } catch (cause) {
    throw new AsofError(
      "ASOF_CONFIG",
      "the configuration's `tracing` needs packages of OpenTelemetry that are not installed: docs/monitoring.md names them",
      { setting: "tracing" },
      cause,
    );
  }
}

import { AsofError } from "../../core/errors.ts";

/** What spans are made and sent with. It is optional: only who traces installs it. */
export interface OpenTelemetry {
  readonly api: typeof import("@opentelemetry/api");
  readonly core: typeof import("@opentelemetry/core");
  readonly exporter: typeof import("@opentelemetry/exporter-trace-otlp-http");
  readonly resources: typeof import("@opentelemetry/resources");
  readonly sdk: typeof import("@opentelemetry/sdk-trace");
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

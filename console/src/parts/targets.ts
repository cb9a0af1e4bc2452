import type { CatalogEntry } from "../api/answers.ts";
import { type Service, servicesOf } from "./inputs.ts";

/** What can be asked: the features of a service, or the predictions of a model. */
export interface Target {
  readonly id: string;
  readonly path: string;
  readonly service: Service;
  readonly model: string | null;
}

/** Models first: what they need is a service too. */
export function targetsOf(catalog: readonly CatalogEntry[]): readonly Target[] {
  const services = servicesOf(catalog);
  const models = catalog.filter(({ kind }) => kind === "model");
  return [
    ...models.flatMap(({ name, definition }): Target[] => {
      const service = services.find((one) => one.name === definition["service"]);
      const path = `/v1/predict/${encodeURIComponent(name)}`;
      return service === undefined ? [] : [{ id: `predict ${name}`, path, service, model: name }];
    }),
    ...services.map((service): Target => ({
      id: `features ${service.name}`,
      path: `/v1/features/${encodeURIComponent(service.name)}`,
      service,
      model: null,
    })),
  ];
}

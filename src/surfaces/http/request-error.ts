import type { FastifyRequest } from "fastify";
import { AsofError } from "../../core/errors.ts";

/** What failed while a request was served: what the framework refused says what and where, as our own errors do. */
export function requestError(error: Error & { readonly code?: string }, request: FastifyRequest): Error {
  if (request.raw.destroyed && !request.raw.complete)
    return new AsofError("ASOF_HTTP", "the client hung up before its request was whole");
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE": {
      const limit = request.routeOptions.bodyLimit;
      return new AsofError("ASOF_TOO_LARGE", `the body is larger than ${limit} bytes`, { limit });
    }
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE": {
      const contentType = request.headers["content-type"] ?? null;
      const found = contentType ?? "a body without a content type";
      return new AsofError("ASOF_MEDIA_TYPE", `${found} is not read here`, { contentType });
    }
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new AsofError("ASOF_HTTP", "the body is not as long as its Content-Length says");
    case "FST_ERR_BAD_URL":
      return new AsofError("ASOF_HTTP", `${request.url} is no valid path`, { path: request.url });
    case "FST_ERR_MAX_PARAM_LENGTH":
      return new AsofError("ASOF_NOT_FOUND", "a name in the path is too long");
    default:
      return error;
  }
}

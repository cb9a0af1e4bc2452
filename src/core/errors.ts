/**
 * Every error a user can cause, in one table: its HTTP status, what it means and what to do.
 * A code is stable; its message may be reworded.
 */
export const errorTable = {
  // definitions
  ASOF_DEFINITION: {
    status: 422,
    message: "a definition is not valid",
    remedy: "Correct the definition named in the details.",
  },
  ASOF_WINDOW: {
    status: 422,
    message: "a window is not valid",
    remedy: "Give a positive length that is a multiple of its hop, and hops that divide one another.",
  },
  ASOF_EXPRESSION: {
    status: 422,
    message: "an expression is not valid",
    remedy: "Correct the expression named in the details.",
  },
  ASOF_CONFIG: {
    status: 422,
    message: "the configuration cannot be loaded",
    remedy: "Correct asof.config.ts; it must export a default configuration.",
  },
  ASOF_NOT_APPLIED: {
    status: 409,
    message: "the definition is not applied in this store",
    remedy: "Run `asof apply`.",
  },
  ASOF_APPLY_CONFLICT: {
    status: 409,
    message: "another apply won",
    remedy: "Run `asof plan` again and apply the new plan.",
  },
  ASOF_SCHEMA_CHANGE: {
    status: 409,
    message: "a change that the records of a source do not allow",
    remedy:
      "Add fields as nullable or with a default, widen or remove them; for any other change define a source of another name, and load its history.",
  },
  // unknown names
  ASOF_UNKNOWN_SOURCE: { status: 404, message: "unknown source", remedy: "Check the name against `asof status`." },
  ASOF_UNKNOWN_VIEW: { status: 404, message: "unknown view", remedy: "Check the name against `asof status`." },
  ASOF_UNKNOWN_FEATURE: { status: 404, message: "unknown feature", remedy: "Check the name against the definition." },
  ASOF_UNKNOWN_SERVICE: {
    status: 404,
    message: "unknown feature service",
    remedy: "Check the name against `asof status`.",
  },
  ASOF_UNKNOWN_MODEL: { status: 404, message: "unknown model", remedy: "Check the name against `asof models`." },
  ASOF_UNKNOWN_MODEL_VERSION: {
    status: 404,
    message: "unknown model version",
    remedy: "List the versions with `asof models`.",
  },
  ASOF_NO_MODEL: {
    status: 409,
    message: "no version of the model is promoted",
    remedy: "Run `asof train`, then `asof promote`.",
  },
  ASOF_MODEL_ROLE: {
    status: 409,
    message: "the version cannot serve in that role",
    remedy: "Try out a version that is not the one that serves; `asof models` tells what each version does.",
  },
  ASOF_MODEL_FIT: {
    status: 409,
    message: "the version does not fit the features of its service",
    remedy: "Train a version with the service's present features, or apply the definitions that this one learnt from.",
  },
  ASOF_NOT_FOUND: { status: 404, message: "no such route", remedy: "See /openapi.json for the routes." },
  // values and rows
  ASOF_UNKNOWN_FIELD: { status: 400, message: "unknown field", remedy: "Remove the field or declare it." },
  ASOF_MISSING_FIELD: {
    status: 400,
    message: "a required field is missing",
    remedy: "Give the field a value, or declare it nullable.",
  },
  ASOF_TYPE: { status: 400, message: "a value has the wrong type", remedy: "Send a value of the declared type." },
  ASOF_TIMESTAMP: {
    status: 400,
    message: "not a valid timestamp",
    remedy: "Use ISO 8601 (UTC when no zone is given) or integer microseconds within ±2^53.",
  },
  ASOF_NOT_FINITE: {
    status: 400,
    message: "NaN and infinities are not allowed here",
    remedy: "Send null, or declare the field with { nonFinite: true }.",
  },
  ASOF_STRING: { status: 400, message: "a string is not valid Unicode", remedy: "Remove lone surrogates." },
  ASOF_OVERFLOW: {
    status: 400,
    message: "a value is out of range",
    remedy:
      "Keep integers within the range of their type, times within ±2^53 µs, and texts of keys and ids within 4,096 bytes of UTF-8.",
  },
  ASOF_FUTURE: {
    status: 400,
    message: "the record is dated too far ahead",
    remedy: "Correct the clock of the sender, or raise the source's tolerance.",
  },
  ASOF_MISSING_KEY: { status: 400, message: "an entity key is missing", remedy: "Give every key of the service." },
  ASOF_JSON: { status: 400, message: "not valid JSON", remedy: "Send valid JSON, or NDJSON with one object a line." },
  ASOF_NAME_COLLISION: {
    status: 422,
    message: "two columns of an answer would go by one name",
    remedy: "Ask for full feature names, or name each feature once.",
  },
  ASOF_VIEW_COMPUTED: {
    status: 422,
    message: "the view's features are computed and cannot be written",
    remedy: "Write records to the sources that it is computed from.",
  },
  ASOF_REQUEST: { status: 400, message: "the request is not valid", remedy: "See /openapi.json for its schema." },
  ASOF_TOO_LARGE: { status: 413, message: "the request body is too large", remedy: "Send smaller batches." },
  ASOF_MEDIA_TYPE: {
    status: 415,
    message: "unsupported media type",
    remedy: "Send application/json or application/x-ndjson.",
  },
  ASOF_FUTURE_READ: {
    status: 400,
    message: "the moment asked for lies beyond the watermark",
    remedy: "Ask for a moment that has passed, or omit it.",
  },
  ASOF_USAGE: { status: 400, message: "the command's arguments are not valid", remedy: "See --help." },
  // the HTTP server
  ASOF_METHOD: {
    status: 405,
    message: "the method is not allowed on this route",
    remedy: "Use a method that the details name.",
  },
  ASOF_NOT_ACCEPTABLE: {
    status: 406,
    message: "the answer cannot be had in that form",
    remedy: "Ask for application/json; for Arrow, install the package apache-arrow beside the server.",
  },
  ASOF_UNREACHABLE: {
    status: 503,
    message: "the server cannot be reached",
    remedy: "Check the address, and that the server runs.",
  },
  ASOF_DEADLINE: {
    status: 504,
    message: "the server did not answer in time",
    remedy: "Ask for less at once, or allow more time; a write may have been done.",
  },
  ASOF_ANSWER: {
    status: 502,
    message: "an answer that is not of asof",
    remedy: "Check that the address is that of asof, and what stands between.",
  },
  ASOF_HTTP: { status: 400, message: "not a valid HTTP request", remedy: "Send a well-formed HTTP/1.1 request." },
  ASOF_HEADERS: {
    status: 431,
    message: "the request's headers are too large",
    remedy: "Send fewer or shorter headers.",
  },
  ASOF_TIMEOUT: {
    status: 408,
    message: "the request took too long to arrive",
    remedy: "Send it again, in smaller batches if the line is slow.",
  },
  ASOF_HOST: {
    status: 403,
    message: "the request names another host",
    remedy: "Address the server as localhost, 127.0.0.1 or [::1], from a page of this machine if from any.",
  },
  ASOF_NOT_READY: {
    status: 503,
    message: "the store is not ready",
    remedy: "See the details; most often `asof apply` is missing.",
  },
  ASOF_NOT_LOOPBACK: {
    status: 400,
    message: "without credentials the server listens on this machine only",
    remedy: "Make a key with `asof keys create`, or configure `server.oidc`; or listen on 127.0.0.1, ::1 or localhost.",
  },
  ASOF_LISTEN: {
    status: 409,
    message: "the server cannot listen there",
    remedy: "Free the port, or give another one; 0 takes any that is free.",
  },
  // access
  ASOF_UNAUTHENTICATED: {
    status: 401,
    message: "the request has no valid credentials",
    remedy: "Send `Authorization: Bearer` with a key of `asof keys create`, or with a token of the configured issuer.",
  },
  ASOF_FORBIDDEN: {
    status: 403,
    message: "the credentials do not allow that",
    remedy: "Use a key with the scope named, for the definition named; see `asof keys list`.",
  },
  ASOF_RATE_LIMIT: {
    status: 429,
    message: "the key makes more requests than it may",
    remedy: "Send the request again after the time in Retry-After.",
  },
  ASOF_KEY: { status: 400, message: "such a key makes no sense", remedy: "See `asof keys create --help`." },
  ASOF_UNKNOWN_KEY: { status: 404, message: "unknown key", remedy: "List the keys with `asof keys list`." },
  ASOF_ISSUER: {
    status: 503,
    message: "the issuer of tokens does not answer",
    remedy: "Check `server.oidc`, and that its keys can be fetched from here; then try again.",
  },
  // identity
  ASOF_ID_CONFLICT: {
    status: 409,
    message: "other content is known under that id",
    remedy: "Send a correction where the record has changed; use a new idempotency key for other records.",
  },
  ASOF_NO_ID: {
    status: 409,
    message: "the records of the source have no id",
    remedy: "Define a source that names the fields of its `id`, and load its history.",
  },
  ASOF_NOT_OFFERED: {
    status: 409,
    message: "the server was not started for this",
    remedy: "Start it as the details say.",
  },
  // files and stores
  ASOF_FILE: {
    status: 400,
    message: "a file cannot be read",
    remedy: "Check that the file exists, is whole and is of the stated format.",
  },
  ASOF_EMPTY: { status: 400, message: "there is nothing to load", remedy: "Give at least one row." },
  ASOF_SQL: { status: 400, message: "the SQL is not valid", remedy: "Correct the statement named in the details." },
  ASOF_HOME: { status: 500, message: "the store's folder cannot be used", remedy: "Give a writable folder." },
  ASOF_HOME_LOCKED: {
    status: 409,
    message: "another process is writing to this store",
    remedy: "Stop that process, or send your data through its HTTP server.",
  },
  ASOF_FORMAT: { status: 500, message: "stored data has a newer format", remedy: "Upgrade asof." },
  ASOF_CORRUPT: {
    status: 500,
    message: "stored data is damaged",
    remedy: "Run `asof doctor`: it names what is damaged and what mends it.",
  },
  ASOF_BEFORE_RETENTION: {
    status: 410,
    message: "that part of history is no longer kept",
    remedy: "Ask for a later part, or restore an older backup; `asof status` shows since when each source is kept.",
  },
  ASOF_CLOCK_JUMP: {
    status: 503,
    message: "the clock jumped ahead",
    remedy: "Check the clock; then confirm it with store.confirmClock(), or start again.",
  },
  ASOF_BUSY: { status: 503, message: "the store is busy", remedy: "Try again later." },
  ASOF_QUEUE_FULL: {
    status: 429,
    message: "more records wait, for the disk or to be folded, than the queue takes",
    remedy: "Send the request again after the time in Retry-After, or a moment; nothing of it was taken.",
  },
  ASOF_MEMORY: {
    status: 503,
    message: "the offline engine ran out of memory",
    remedy: "Raise its memory limit, or ask for less at once.",
  },
  ASOF_CLOSED: { status: 503, message: "the store is closed", remedy: "Open it again." },
  ASOF_NOT_MATERIALIZED: {
    status: 409,
    message: "the view is not in the online store yet",
    remedy: "Run `asof materialize`.",
  },
  ASOF_ONLINE_UNAVAILABLE: {
    status: 503,
    message: "the online store does not answer",
    remedy: "Try again in a moment. If it goes on, see whether Redis is up and can be reached.",
  },
  ASOF_ONLINE_LOST: {
    status: 503,
    message: "the online store has lost what was written",
    remedy: "Run `asof materialize`: it builds the online store anew from history.",
  },
  ASOF_ONLINE_TAKEN: {
    status: 409,
    message: "the online store belongs to another",
    remedy: "Give each store a prefix or a database of its own in Redis; see `online` in the configuration.",
  },
  ASOF_NO_DATA: { status: 409, message: "there is no data to work on", remedy: "Ingest data first." },
  ASOF_BATCH_VIEW: {
    status: 422,
    message: "the batch view's SQL gives rows that do not fit",
    remedy: "Return every declared column, with a key and an event time in each row.",
  },
  ASOF_TRAINING: { status: 422, message: "training failed", remedy: "See the cause." },
  ASOF_PREDICT: { status: 500, message: "the model failed", remedy: "See the cause." },
  ASOF_ON_DEMAND: {
    status: 422,
    message: "a request-time function failed",
    remedy: "Correct the function; it must be pure.",
  },
  ASOF_DATABASE: {
    status: 503,
    message: "a database to read from cannot be reached",
    remedy: "Check its address, its credentials and that it runs, then repeat the command: it goes on where it was.",
  },
  ASOF_TABLE: {
    status: 400,
    message: "a table of a database cannot be read as asked",
    remedy: "Check the table, its position column and the rights of the user; see docs/ingest.md.",
  },
  ASOF_LOADED_BEFORE: {
    status: 409,
    message: "a file was loaded before, and has changed since",
    remedy: "Load a file of the new rows alone, or all of its rows once more with --again.",
  },
  ASOF_DIFFERENT: {
    status: 500,
    message: "answers differ from what the records say",
    remedy: "Run `asof doctor`; report the file that the details name.",
  },
  ASOF_INTERRUPTED: { status: 503, message: "interrupted", remedy: "Run the command again; nothing was half done." },
  ASOF_INTERNAL: { status: 500, message: "a fault of asof", remedy: "Please report it." },
} as const satisfies Record<string, { status: number; message: string; remedy: string }>;

export type ErrorCode = keyof typeof errorTable;

/** What is known of an error: where it is (file, row, column, field, definition), and what was found there. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** An error that a user can cause. Our own faults are assertions, not this. */
export class AsofError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "AsofError";
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get remedy(): string {
    return errorTable[this.code].remedy;
  }

  toJSON(): { code: ErrorCode; message: string; remedy: string; details: ErrorDetails } {
    return { code: this.code, message: this.message, remedy: this.remedy, details: this.details };
  }
}

import { AsofError } from "../../core/errors.ts";

/** SQLSTATE classes of what the table, its name or its rights are to blame for; anything else is the database's. */
const OF_TABLE = /^(?:42|22|0A|3F|2B)/;

/** An error of the client or the server as ours, in the server's words. Neither has the address or the credentials. */
export function postgresError(error: unknown, table: string): unknown {
  if (error instanceof AsofError) return error;
  const { code, message, name } = error as { code?: string; message: string; name: string };
  const ofServer = name === "PostgresError";
  const said = ofServer ? message : (reasons[code ?? ""] ?? `the connection failed (${code ?? name})`);
  return new AsofError(
    ofServer && OF_TABLE.test(code ?? "") ? "ASOF_TABLE" : "ASOF_DATABASE",
    `table ${table}: ${said}`,
    { table, ...(code === undefined ? {} : { code }) },
  );
}

/** What the client says of connections names their address. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens at the database's address",
  ENOTFOUND: "the database's host is not known",
  CONNECT_TIMEOUT: "the database does not answer",
  CONNECTION_CLOSED: "the database closed the connection",
  CONNECTION_DESTROYED: "the connection was given up",
  CONNECTION_ENDED: "the connection has ended",
  ERR_INVALID_URL: "its address is no URL such as postgres://user@host:5432/database",
};

import { AsofError } from "../../core/errors.ts";

/** SQLSTATE classes of what the table, its name or its rights are to blame for; anything else is the database's. */
const OF_TABLE = /^(?:42|22|0A|3F|2B)/;

/** An error of the client or the server as ours, in the server's words. Neither has the address or the credentials. */
export function postgresError(error: unknown, table: string): unknown {
  if (error instanceof AsofError) return error;
  const { code, message, severity } = error as { code?: string; message: string; severity?: string };
  const ofServer = severity !== undefined;
  const said = ofServer ? message : (reasons[code ?? ""] ?? reasonOf(message));
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
  CONNECTION_CLOSED: "the database closed the connection",
  ECONNRESET: "the database closed the connection",
  ERR_INVALID_URL: "its address is no URL such as postgres://user@host:5432/database",
};

function reasonOf(message: string): string {
  if (message.startsWith("SASL")) return "the database wants a password, and there is none, or not its server's";
  return /timeout/.test(message) ? "the database does not answer" : "the connection failed";
}

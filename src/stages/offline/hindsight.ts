import { AVAILABLE, WITHDRAWN } from "../../core/schema/system-columns.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";

/**
 * Makes a view of the session of what an attached history holds as it is known at a moment: records that were available
 * before it, less those then known to be withdrawn, or versions of batch rows that were available by then. Resolves to
 * its name.
 */
export async function asKnown(
  session: OfflineSession,
  history: string,
  of: "records" | "versions",
  moment: Timestamp,
): Promise<string> {
  const name = `${history}_known`;
  const at = `make_timestamp(${moment}::BIGINT)`;
  const withdrawable = (await session.describe(`SELECT * FROM ${history}`)).some(({ name }) => name === WITHDRAWN);
  const conditions = [
    `${AVAILABLE} ${of === "records" ? "<" : "<="} ${at}`,
    ...(withdrawable ? [`(${WITHDRAWN} IS NULL OR ${WITHDRAWN} >= ${at})`] : []),
  ];
  // What is withdrawn later than that is not known yet to be.
  const columns = withdrawable ? `* REPLACE (NULL::TIMESTAMP AS ${WITHDRAWN})` : "*";
  await session.run(
    `CREATE OR REPLACE TEMP VIEW ${name} AS SELECT ${columns} FROM ${history} WHERE ${conditions.join(" AND ")}`,
  );
  return name;
}

import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { parquetSource } from "../../src/adapters/duckdb/parquet-source.ts";
import { sqlString } from "../../src/core/expression/sql-text.ts";
import { offlineEngineConformance } from "./offline-engine.ts";

offlineEngineConformance("DuckDB", {
  open: (temporaryFolder, memoryLimit = "1GB") => openDuckDb({ temporaryFolder, memoryLimit, threads: 2 }),
  parquet: parquetSource,
  csv: (file, columns) => {
    const types = Object.entries(columns).map(([name, type]) => `${sqlString(name)}: ${sqlString(type)}`);
    return `read_csv(${sqlString(file)}, header = true, columns = {${types.join(", ")}})`;
  },
  series: (n) => `(SELECT range AS i FROM range(${n}))`,
  endless: "SELECT count(*) AS i FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) = 1",
  hungry: "SELECT list(range) FROM range(50000000)",
});

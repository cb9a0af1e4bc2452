import { Option } from "commander";

export type FileFormat = "parquet" | "csv" | "ndjson";

export const formatOption = (): Option =>
  new Option("--format <format>", "what the files are, where their names do not tell").choices([
    "parquet",
    "csv",
    "ndjson",
  ]);

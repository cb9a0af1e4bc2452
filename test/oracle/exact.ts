export * from "../../src/core/oracle/exact.ts";

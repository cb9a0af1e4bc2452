export * from "../../src/core/oracle/naive.ts";

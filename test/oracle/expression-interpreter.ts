export * from "../../src/core/oracle/expression-interpreter.ts";

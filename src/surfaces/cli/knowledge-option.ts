import { Option } from "commander";
import { knowledges } from "../../core/result/knowledge.ts";

export const knowledgeOption = (what: string): Option =>
  new Option("--knowledge <served|now>", what).choices(knowledges);

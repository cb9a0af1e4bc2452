import type { Warnings } from "./warnings.ts";

/** Allots names of definitions: each once, and of the form that they must have. */
export class Names {
  private readonly taken = new Set<string>();
  private readonly warnings: Warnings;

  constructor(warnings: Warnings) {
    this.warnings = warnings;
  }

  /** A name for what Feast calls `given`, with `otherwise` behind it where that is taken. */
  allot(given: string, otherwise: string, matters: boolean): string {
    const plain = definitionName(given);
    let name = plain;
    for (let i = 1; this.taken.has(name); i++) name = `${plain}_${otherwise}${i === 1 ? "" : i}`;
    this.taken.add(name);
    if (matters && name !== given) this.warnings.add("FEAST_RENAMED", given, `it is ${name} here`);
    return name;
  }
}

/** Lower-case letters, digits and single underscores, a letter first. */
export function definitionName(given: string): string {
  const name = fieldName(given.replace(/([a-z0-9])([A-Z])/g, "$1_$2")).toLowerCase();
  return name.slice(0, 50).replace(/_$/, "");
}

/** Letters, digits and single underscores, a letter first. */
export function fieldName(given: string): string {
  const name = given
    .replace(/[^a-zA-Z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 63)
    .replace(/_$/, "");
  return /^[a-zA-Z]/.test(name) ? name : `f_${name}`.replace(/_$/, "");
}

/** Words of the language, and what the module imports. */
const reserved =
  "await break case catch class const continue debugger default delete do else enum export extends false finally for " +
  "function if import in instanceof new null return super switch this throw true try typeof var void while with yield " +
  "let static implements interface package private protected public arguments eval undefined async of " +
  "aggregateView batchView entity eventSource featureService last t window";

/** What the code of a module calls a definition: camelCase, and no word that means something else there. */
export class Identifiers {
  private readonly taken = new Set(reserved.split(" "));

  allot(name: string, otherwise: string): string {
    const plain = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    let found = plain;
    for (let i = 1; this.taken.has(found); i++) found = `${plain}${otherwise}${i === 1 ? "" : i}`;
    this.taken.add(found);
    return found;
  }
}

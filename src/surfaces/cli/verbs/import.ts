import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { Argument } from "commander";
import { AsofError } from "../../../core/errors.ts";
import { formatTimestamp, SECOND } from "../../../core/time/timestamp.ts";
import { usage } from "../errors.ts";
import type { Imported } from "../feast-import/model.ts";
import type { Repository } from "../feast-import/repository.ts";
import type { Invocation } from "../invocation.ts";
import { examples, type Verb } from "../verb.ts";

interface ImportOptions {
  readonly out: string;
  readonly registry?: string;
  readonly python?: string;
  readonly force?: boolean;
}

export const importVerb: Verb = (program, action) => {
  program
    .command("import")
    .summary("turn a Feast repository into definitions")
    .description(
      "Reads feature_store.yaml and the registry that `feast apply` wrote, and writes entities, sources, views and " +
        "services as a TypeScript file, with what could not be taken over. No Python is needed, but for --python.",
    )
    .addArgument(new Argument("<from>", "what to import from").choices(["feast"]))
    .argument("<repo>", "the folder with feature_store.yaml")
    .option("--out <file>", "the file to write", "feast.ts")
    .option("--registry <file>", "the registry's file (default: the one that feature_store.yaml names)")
    .option("--python <program>", "a Python that has Feast: loads the repository's own files in place of a registry")
    .option("--force", "overwrite the file")
    .addHelpText(
      "after",
      examples(
        ["asof import feast ../drivers/feature_repo", "from its registry, into feast.ts"],
        ["asof import feast ../drivers/feature_repo --python ../drivers/.venv/bin/python", "from its Python files"],
      ),
    )
    .action(
      action(async (run, _from: string, repo: string, options: ImportOptions) => {
        const [folder, file] = [run.path(repo), run.path(options.out)];
        if (!file.endsWith(".ts")) throw usage(`${options.out} is no TypeScript file: name one that ends with .ts`);
        if (options.force !== true && existsSync(file))
          throw usage(`${file} is there already: name another file with --out, or use --force`, { file });
        // Only now: the readers of its formats are of no use to other verbs.
        const { readRepository } = await import("../feast-import/repository.ts");
        const { translate } = await import("../feast-import/translate.ts");
        const { writeDefinitions } = await import("../feast-import/write-definitions.ts");
        const repository = await readRepository(folder, {
          registry: options.registry === undefined ? null : run.path(options.registry),
          python: options.python === undefined ? null : programPath(run, options.python),
          env: run.io.env,
          signal: run.io.signal,
        });
        const { imported, warnings } = translate(repository.registry);
        if (imported.views.length === 0)
          throw new AsofError("ASOF_EMPTY", `${repository.from} has no feature views that can be taken over`, {
            from: repository.from,
            warnings: warnings.all.map(({ message }) => message),
          });
        const text = writeDefinitions(imported, headOf(repository), warnings.all);
        const written = await write(file, text);
        const next = [
          ...(written.length > 1 ? [] : [`add ${path.basename(file)} to asof.config.ts`]),
          ...steps(imported, folder),
        ];
        return {
          json: {
            project: repository.project,
            from: repository.from,
            written,
            entities: imported.entities.map(({ name }) => name),
            sources: imported.sources.map(({ name }) => name),
            views: imported.views.map(({ name }) => name),
            services: imported.services.map(({ name }) => name),
            warnings: warnings.all,
            next,
          },
          text: (style) =>
            [
              `${style.green("Imported")} ${repository.project}: ${imported.views.length} views and ${imported.services.length} services, from ${repository.from}`,
              ...written.map((name) => `  ${name}`),
              ...(warnings.all.length === 0 ? [] : ["", style.bold("Not taken over as it is")]),
              ...warnings.all.map(({ code, message }) => `  ${style.yellow(code)} ${message}`),
              "",
              style.bold("Next"),
              ...next.map((step) => `  ${step}`),
            ].join("\n"),
        };
      }),
    );
};

/** A program of the PATH by its name; a file by its path. */
function programPath(run: Invocation, python: string): string {
  return /[/\\]/.test(python) ? run.path(python) : python;
}

function headOf({ project, from, registry }: Repository): string[] {
  const at = registry.lastUpdated?.seconds;
  const when = at === undefined ? "" : `, of ${formatTimestamp(at * SECOND)}`;
  return [
    `The definitions of the Feast project ${project}, made by \`asof import feast\` from ${path.basename(from)}${when}.`,
    "They are yours now: change them as you like.",
  ];
}

/** Writes the definitions, and beside them a configuration where there is none. */
async function write(file: string, text: string): Promise<string[]> {
  const configuration = path.join(path.dirname(file), "asof.config.ts");
  const files = [[file, text]];
  if (!existsSync(configuration))
    files.push([
      configuration,
      `import { configure } from "asof";\nimport * as definitions from "./${path.basename(file)}";\n\nexport default configure({ definitions });\n`,
    ]);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    for (const [name, content] of files) await writeFile(name, content);
  } catch (error) {
    throw new AsofError("ASOF_FILE", `${file} cannot be written: ${(error as Error).message}`, { file }, error);
  }
  return files.map(([name]) => name);
}

function steps({ sources, views }: Imported, folder: string): string[] {
  return [
    "asof apply",
    ...sources.flatMap(({ name, file }) =>
      file === null ? [] : [`asof ingest ${name} ${path.resolve(folder, file)}`],
    ),
    ...(views.some((view) => !view.pushed) ? ["asof compute"] : []),
    "asof materialize",
    "asof serve",
  ];
}

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Option } from "commander";
import { AsofError } from "../../../core/errors.ts";
import { projectFiles } from "../project-files.ts";
import { readTemplate, type TemplateName, templateNames } from "../template.ts";
import { examples, type Verb } from "../verb.ts";

/** What `npm init`, `npm install asof` and `git init` leave: a folder with nothing else is as good as empty. */
const harmless = new Set([".git", ".gitignore", ".DS_Store", "node_modules", "package.json", "package-lock.json"]);

export const initVerb: Verb = (program, action) => {
  program
    .command("init")
    .summary("make a project that runs at once")
    .description(
      "Writes definitions, a configuration and what npm and TypeScript need. An existing package.json stays as it is.",
    )
    .argument("[dir]", "the folder (default: here)")
    .addOption(new Option("--template <name>", "what to start from").choices(templateNames).default("flights"))
    .option("--force", "also into a folder that holds files; those of the same names are overwritten")
    .addHelpText(
      "after",
      examples(
        ["asof init late-flights", "predict late flights, on real data"],
        ["asof init shop --template blank", "the smallest project that works"],
      ),
    )
    .action(
      action(async (run, dir: string | undefined, options: { template: TemplateName; force?: boolean }) => {
        const folder = run.path(dir ?? ".");
        const template = readTemplate(options.template);
        if (options.force !== true) await refuseUsed(folder);
        const listed = await listedPackages(folder);
        const files = projectFiles(folder, template);
        const written: string[] = [];
        try {
          await mkdir(folder, { recursive: true });
          for (const [name, text] of Object.entries({ ...files.keep, ...template.files })) {
            const file = path.join(folder, name);
            if (Object.hasOwn(files.keep, name) && existsSync(file)) continue;
            await mkdir(path.dirname(file), { recursive: true });
            await writeFile(file, text);
            written.push(name);
          }
        } catch (error) {
          throw new AsofError(
            "ASOF_FILE",
            `${folder} cannot be written: ${(error as Error).message}`,
            { folder },
            error,
          );
        }
        const install = installStep(folder, listed, files.packages);
        const steps = [
          ...(dir === undefined ? [] : [[`cd ${path.relative(run.io.cwd, folder) || "."}`, ""] as const]),
          ...(install === null ? [] : [[install, "install what it needs"] as const]),
          ...template.steps,
        ];
        // One long command would push all remarks out of sight.
        const widest = Math.max(...steps.map(([command]) => command.length).filter((length) => length <= 60));
        return {
          json: { folder, template: options.template, written, next: steps.map(([command]) => command) },
          text: (style) =>
            [
              `${style.green("Made")} a project in ${folder}:`,
              ...written.map((name) => `  ${name}`),
              "",
              style.bold("Next"),
              ...steps.map(
                ([command, purpose]) =>
                  `  ${purpose === "" ? command : command.padEnd(widest) + style.dim(`  # ${purpose}`)}`,
              ),
            ].join("\n"),
        };
      }),
    );
};

async function refuseUsed(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new AsofError("ASOF_FILE", `${folder} is not a folder that can be read`, { folder }, error);
  }
  const used = names.filter((name) => !harmless.has(name));
  if (used.length > 0)
    throw new AsofError("ASOF_USAGE", `${folder} is not empty: name another folder, or use --force`, {
      folder,
      found: used.slice(0, 5),
    });
}

/** What the folder's package.json lists already; null where there is none. @throws ASOF_FILE */
async function listedPackages(folder: string): Promise<Readonly<Record<string, unknown>> | null> {
  const file = path.join(folder, "package.json");
  if (!existsSync(file)) return null;
  try {
    const manifest = JSON.parse(await readFile(file, "utf8")) as Record<string, object | undefined>;
    return { ...manifest["devDependencies"], ...manifest["dependencies"] };
  } catch (error) {
    throw new AsofError("ASOF_FILE", `${file} cannot be read: ${(error as Error).message}`, { file }, error);
  }
}

/** What is left to install, or null: a package.json that was there may lack some packages, and all may be there. */
function installStep(
  folder: string,
  listed: Readonly<Record<string, unknown>> | null,
  packages: Readonly<Record<string, string>>,
): string | null {
  const lacking = listed === null ? [] : Object.entries(packages).filter(([name]) => !Object.hasOwn(listed, name));
  if (lacking.length > 0) return `npm install ${lacking.map(([name, version]) => `${name}@${version}`).join(" ")}`;
  return Object.keys(packages).every((name) => existsSync(path.join(folder, "node_modules", name)))
    ? null
    : "npm install";
}

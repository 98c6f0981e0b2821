import { existsSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { DingError } from "../../core/errors.ts";
import { importModule } from "../../runtime/modules.ts";
import type { Main } from "../run-main.ts";

/** Which function of which file is the program. */
export interface MainPlace {
  /** Absolute. */
  file: string;
  /** "" for `main`, or the default function. */
  exportName: string;
}

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs", ".tsx", ".cts", ".cjs"];

/** What was said of the program. */
export interface GivenMain {
  /** A folder; its parent and the current folder are looked at too. */
  package?: string | undefined;
  /** A file, or `module.function`; default `main` of the package that has the folder's name. */
  main?: string | undefined;
}

/** Finds it: a file, or the ancestor's `module.function` in a package. Throws `plugin.not-found`. */
export function findMain({ package: given, main }: GivenMain): MainPlace {
  if (given !== undefined) checkPackage(given);
  const folder = resolve(given ?? ".");
  const named = main ?? `${basename(folder)}.main`;
  const endings = named.includes("/") ? ["", ...EXTENSIONS] : [""];
  for (const root of [folder, process.cwd()]) {
    const file = endings.map((ending) => resolve(root, named + ending)).find(isFile);
    if (file !== undefined) return { file, exportName: "" };
  }
  const looked: string[] = [];
  const dot = named.lastIndexOf(".");
  if (dot > 0 && !named.includes("/") && !EXTENSIONS.includes(extname(named))) {
    const exportName = named.slice(dot + 1);
    const module = named.slice(0, dot).replaceAll(".", "/");
    for (const file of candidates(folder, module)) {
      if (isFile(file)) return { file, exportName };
      looked.push(file);
    }
  }
  const [first = resolve(folder, named)] = looked;
  throw new DingError("plugin.not-found", `Cannot find main "${named}": no such file`, {
    hint:
      main === undefined
        ? "Name it: ding task --main ./main.ts, or --package FOLDER --main module.function."
        : `Looked at ${first}${looked.length > 1 ? ` and ${looked.length - 1} more places` : ""}.`,
  });
}

/** Loads the module and gives its function; throws `plugin.invalid` when there is none. */
export async function loadMain({ file, exportName }: MainPlace): Promise<Main> {
  const module = await importModule(file);
  const whole = module["default"];
  const inWhole = (whole as Record<string, unknown> | undefined)?.["main"];
  const found = exportName === "" ? (module["main"] ?? inWhole ?? whole) : module[exportName];
  if (typeof found === "function") return found as Main;
  const wanted = exportName === "" ? "main or a default function" : `function ${exportName}`;
  const names = Object.keys(module).join(", ");
  throw new DingError("plugin.invalid", `Cannot run "${file}": it exports no ${wanted}`, {
    hint: names === "" ? "Write: export async function main(task) { … }" : `It exports ${names}.`,
  });
}

/** Python finds a package by its name beside it and in it; so does this. */
function candidates(folder: string, module: string): string[] {
  const roots = [...new Set([folder, dirname(folder), process.cwd()])];
  const own = module === basename(folder) ? [join(folder, "index"), join(folder, "main")] : [];
  const bases = roots.flatMap((root) => [join(root, module), join(root, module, "index")]);
  return [...bases, ...own].flatMap((base) => EXTENSIONS.map((extension) => base + extension));
}

function checkPackage(given: string): void {
  if (existsSync(given) && statSync(given).isDirectory()) return;
  const why = existsSync(given) ? "it is no folder" : "no such folder";
  throw new DingError("plugin.not-found", `Cannot use package "${given}": ${why}`, {
    hint: "Pass the folder that holds the module, or a zip of what is in it.",
  });
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

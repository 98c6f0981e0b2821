import { Console } from "node:console";
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DingError, messageOf } from "../core/errors.ts";
import { isCompiled } from "./self.ts";

/** The modules that a plugin may import by name with nothing installed; loaded when asked for. */
export type ProvidedModules = Record<string, () => object>;

/**
 * Makes `import … from "ding"` work in plugins. Under Deno the import map of
 * deno.json does it.
 */
export function provideModules(modules: ProvidedModules): void {
  if (typeof Bun === "undefined") return;
  Bun.plugin({
    name: "ding",
    setup(build) {
      for (const [name, load] of Object.entries(modules)) {
        build.module(name, () => ({ exports: { ...load() }, loader: "object" }));
      }
    },
  });
}

/** Imports a user's module by path; an error of it names file, line and column. Another `edition` is evaluated anew. */
export async function importModule(
  path: string,
  edition?: string,
): Promise<Record<string, unknown>> {
  const file = path.startsWith("file:") ? fileURLToPath(path) : resolve(path);
  if (!existsSync(file)) {
    throw new DingError("plugin.not-found", `Cannot load plugin "${path}": no such file`, {
      hint: path === file ? "Name a file that is there, such as ./model.ts." : `Looked at ${file}.`,
    });
  }
  if (statSync(file).isDirectory()) {
    throw new DingError("plugin.not-found", `Cannot load plugin "${path}": it is a folder`, {
      hint: "Name the file, such as my-plugin/index.ts.",
    });
  }
  try {
    return exportsOf((await import(specifierOf(file, edition))) as Record<string, unknown>);
  } catch (thrown) {
    throw new DingError("plugin.invalid", `Cannot load plugin "${path}": ${reasonOf(thrown)}`, {
      cause: thrown,
      details: { path: file, ...placeOf(thrown, file) },
    });
  }
}

/** Bun knows a query behind a path, and leaves it out of a URL. */
function specifierOf(file: string, edition: string | undefined): string {
  const url = pathToFileURL(file);
  if (edition === undefined) return url.href;
  if (typeof Bun !== "undefined") return `${file}?${edition}`;
  url.search = edition;
  return url.href;
}

/** What a CommonJS module exports stands in its namespace twice: by name, and in the object that is the default. */
function exportsOf(module: Record<string, unknown>): Record<string, unknown> {
  const { default: whole, ...named } = module;
  if (Object.prototype.toString.call(whole) !== "[object Object]") return module;
  const exported = whole as Record<string, unknown>;
  const names = Object.keys(named);
  const isTwice = names.length > 0 && names.every((name) => exported[name] === named[name]);
  const isPlain = Object.getPrototypeOf(exported) === Object.prototype;
  return isTwice && isPlain ? { ...exported } : module;
}

/** Where in the user's code an error came from. */
export interface Place {
  file?: string;
  line?: number;
  column?: number;
  lineText?: string;
}

/** Where an error of a user's module came from. Bun's parser says it in fields, a missing import names its specifier, all else stands in the stack. */
export function placeOf(thrown: unknown, plugin: string): Place {
  const first = buildMessages(thrown)[0] as BuildProblem | null | undefined;
  if (first?.position) {
    const { file, line, column, lineText } = first.position;
    return { file, line, column, lineText };
  }
  if (first?.specifier) return placeOfText(first.specifier, first.referrer || plugin);
  return thrown instanceof Error ? placeInStack(`${thrown.message}\n${thrown.stack}`, plugin) : {};
}

interface BuildProblem {
  position?: { file: string; line: number; column: number; lineText: string } | null;
  specifier?: string;
  referrer?: string;
}

function placeOfText(text: string, file: string): Place {
  if (!existsSync(file)) return {};
  const lines = readFileSync(file, "utf8").split("\n");
  const index = lines.findIndex((line) => line.includes(`"${text}"`) || line.includes(`'${text}'`));
  if (index < 0) return { file };
  const lineText = lines[index] ?? "";
  return { file, line: index + 1, column: lineText.indexOf(text) + 1, lineText };
}

/** The plugin's own frame says most; else the first frame that is not this program's. */
function placeInStack(stack: string, plugin: string): Place {
  const frames = [...stack.matchAll(/(?:file:\/\/)?(\/[^\s():]+):(\d+):(\d+)/g)];
  const own = isCompiled() ? "/$bunfs/" : fileURLToPath(new URL("../..", import.meta.url));
  const frame =
    frames.find(([, file]) => file === plugin) ??
    frames.find(([, file]) => file && !file.startsWith(own) && existsSync(file));
  const [, file, line, column] = frame ?? [];
  if (!file || !existsSync(file)) return {};
  const lineText = readFileSync(file, "utf8").split("\n")[Number(line) - 1] ?? "";
  return { file, line: Number(line), column: Number(column), lineText };
}

/** An AggregateError of the parser holds its messages; a single one stands for itself. */
function buildMessages(thrown: unknown): unknown[] {
  const errors: unknown = (thrown as { errors?: unknown } | null | undefined)?.errors;
  return Array.isArray(errors) && errors.length > 0 ? errors : [thrown];
}

function reasonOf(thrown: unknown): string {
  return buildMessages(thrown).map(messageOf).join("; ");
}

/** What a plugin in this process prints goes to stderr: stdout is for data, and for those who hold it already. */
export function sendPrintsToStderr(): void {
  // Bun's console also has `write` and can be iterated, which nobody prints with.
  globalThis.console = new Console(process.stderr) as unknown as typeof console;
  Object.defineProperty(process, "stdout", { value: process.stderr, configurable: true });
}

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { DingError } from "../../core/errors.ts";
import { namedExport } from "../../plugin/named-export.ts";

/** Where a version of a model comes from. */
export interface ModelSource {
  readonly name: string;
  readonly version: string;
  /** The module or .onnx file, as an absolute path. */
  readonly plugin: string;
  readonly exportName: string;
}

const FILES = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".onnx"];
const NAME = /^[a-zA-Z\d_][\w.-]*$/;
const FIRST_VERSION = "1";

/** What `--plugin` says: [NAME[@VERSION]=]FILE, or the ancestors' `server.Worker`: ./server.ts, export Worker. */
export function sourceOf(text: string, folder: string = "."): ModelSource {
  const named = /^([^=/\\]+)=(.+)$/.exec(text);
  const file = namedExport(named?.[2] ?? text, { folder, extensions: FILES });
  const { name, version } = named ? nameOf(named[1] ?? "") : fileName(file.plugin);
  return { name, version, ...file };
}

/** What `name@2` says. */
export function nameOf(text: string): { name: string; version: string } {
  const [name = "", version = FIRST_VERSION, ...rest] = text.split("@");
  if (!NAME.test(name) || !/^[\w.-]+$/.test(version) || rest.length > 0) {
    throw new DingError("usage.invalid-option", `Cannot use model name "${text}"`, {
      hint: "Use letters, digits, dots, _ and -, and @VERSION behind it if need be: ocr@2",
    });
  }
  return { name, version };
}

/** Every model of a repository folder: NAME.ts, NAME.onnx, NAME/model.ts, NAME/VERSION/model.ts. */
export function sourcesIn(folder: string): ModelSource[] {
  if (!isFolder(folder)) {
    throw new DingError(
      "usage.invalid-option",
      `Cannot use repository "${folder}": no such folder`,
    );
  }
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry);
    if (isModelFile(path)) return [source(fileName(path), path)];
    if (!isFolder(path) || !NAME.test(entry)) return [];
    const alone = modelFileIn(path);
    if (alone) return [source({ name: entry, version: FIRST_VERSION }, alone)];
    return entriesOf(path).flatMap((version) => {
      const file = /^\d+$/.test(version) ? modelFileIn(join(path, version)) : undefined;
      return file ? [source({ name: entry, version }, file)] : [];
    });
  });
}

/** The model that is served when nobody named one: the first of ./server.ts, ./model.ts, ./model.onnx. */
export function sourcesHere(folder: string = "."): ModelSource[] {
  for (const file of ["server.ts", "model.ts", "model.onnx"]) {
    const path = resolve(folder, file);
    if (!isModelFile(path)) continue;
    return [source(fileName(path), path)];
  }
  return [];
}

function source({ name, version }: { name: string; version: string }, path: string): ModelSource {
  return { name, version, plugin: resolve(path), exportName: "default" };
}

function fileName(path: string): { name: string; version: string } {
  const name = basename(path, extname(path));
  return { name: name.replaceAll(/[^\w.-]/g, "_"), version: FIRST_VERSION };
}

function isModelFile(path: string): boolean {
  if (!FILES.includes(extname(path)) || path.endsWith(".d.ts")) return false;
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** A link that leads nowhere is nothing: somebody may be putting the folder in order just now. */
function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function modelFileIn(folder: string): string | undefined {
  return FILES.map((extension) => join(folder, `model${extension}`)).find((file) =>
    existsSync(file),
  );
}

function entriesOf(folder: string): string[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder)
    .filter((entry) => !entry.startsWith(".") && entry !== "node_modules")
    .sort();
}

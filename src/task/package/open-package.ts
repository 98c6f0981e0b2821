import { existsSync, rmSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { DingError, messageOf } from "../../core/errors.ts";
import { readZip, ZIP_LIMITS, type ZipEntry } from "./read-zip.ts";

/** A package whose files can be loaded until it is disposed of. */
export interface OpenPackage extends AsyncDisposable {
  /** Undefined where none was named. */
  folder: string | undefined;
}

/**
 * A folder is given as it is. A zip is unpacked into a temporary folder, which is gone after disposal, and at the latest
 * when the process ends; its modules find the packages of the `node_modules` that is nearest to the zip. Throws
 * `plugin.invalid` for a file that is no such zip.
 */
export async function openPackage(given: string | undefined): Promise<OpenPackage> {
  const isFile = given !== undefined && existsSync(given) && statSync(given).isFile();
  if (!isFile) return { folder: given, [Symbol.asyncDispose]: async () => {} };
  const entries = await entriesOf(given);
  const place = await mkdtemp(join(tmpdir(), "ding-package-"));
  const removeNow = (): void => rmSync(place, { recursive: true, force: true });
  process.once("exit", removeNow);
  const remove = async (): Promise<void> => {
    await rm(place, { recursive: true, force: true });
    process.off("exit", removeNow);
  };
  // The name of the package is that of its main, if nothing else is said.
  const folder = join(place, basename(given).replace(/\.zip$/i, ""));
  try {
    await put(entries, folder);
    const modules = nearestModules(dirname(resolve(given)));
    if (modules !== undefined) await symlink(modules, join(place, "node_modules"), "junction");
  } catch (thrown) {
    await remove();
    throw faultOf(given, `it cannot be unpacked: ${messageOf(thrown)}`);
  }
  return { folder, [Symbol.asyncDispose]: remove };
}

async function entriesOf(given: string): Promise<ZipEntry[]> {
  const { size } = statSync(given);
  if (size > ZIP_LIMITS.bytes) throw faultOf(given, `it has more than ${ZIP_LIMITS.bytes} bytes`);
  try {
    return readZip(await readFile(given));
  } catch (thrown) {
    throw faultOf(given, messageOf(thrown).replace(/^Cannot use package: /, ""));
  }
}

async function put(entries: readonly ZipEntry[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, bytes, isExecutable } of entries) {
    const path = join(folder, name);
    await mkdir(name.endsWith("/") ? path : dirname(path), { recursive: true });
    // Two names may be one file where letters count the same: the second fails.
    const how = { flag: "wx", mode: isExecutable ? 0o755 : 0o644 };
    if (!name.endsWith("/")) await writeFile(path, bytes, how);
  }
}

function nearestModules(folder: string): string | undefined {
  const found = join(folder, "node_modules");
  if (existsSync(found)) return found;
  const above = dirname(folder);
  return above === folder ? undefined : nearestModules(above);
}

function faultOf(given: string, why: string): DingError {
  return new DingError("plugin.invalid", `Cannot use package "${given}": ${why}`, {
    hint: "Pass the folder that holds the module, or a zip of what is in it.",
  });
}

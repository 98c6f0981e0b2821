import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** Which export of which file. */
export interface NamedExport {
  /** Absolute. */
  readonly plugin: string;
  /** "default" when nobody named one. */
  readonly exportName: string;
}

/**
 * What `./file.ts` names, or the ancestors' `package.server.Worker`: the export Worker of ./package/server.ts, with the
 * first of these extensions (".ts", …) that is there.
 */
export function namedExport(
  text: string,
  { folder, extensions }: { folder: string; extensions: readonly string[] },
): NamedExport {
  const whole = resolve(folder, text);
  const [, module = "", exportName = ""] = /^(.+)\.([A-Za-z_$][\w$]*)$/.exec(text) ?? [];
  if (!existsSync(whole) && exportName !== "" && !extensions.includes(`.${exportName}`)) {
    const path = module.includes("/") ? module : module.replaceAll(".", "/"); // Python's way
    const files = extensions.map((extension) => resolve(folder, `${path}${extension}`));
    // Of a class, as its capital says, nobody takes the name for a file's ending: what is missing is the file.
    const plugin = files.find((file) => existsSync(file)) ?? (isClass(exportName) && files[0]);
    if (plugin) return { plugin, exportName };
  }
  return { plugin: whole, exportName: "default" };
}

function isClass(name: string): boolean {
  return /^[A-Z][a-z]/.test(name);
}

import { isAbsolute, join } from "node:path";
import type { OptionField } from "./option-field.ts";

/** The value of a path option, as seen from elsewhere: relative paths in it count from the folder. */
export function fromFolder(field: OptionField, value: unknown, folder: string): unknown {
  if (!field.path) return value;
  if (Array.isArray(value)) return value.map((item) => fromFolder(field, item, folder));
  if (typeof value !== "string") return value;
  const { name, path } = parted(field, value);
  return isAbsolute(path) ? value : `${name}${join(folder, path)}`;
}

/** The path itself, and what stands before it: "small=". */
export function parted(field: OptionField, value: string): { name: string; path: string } {
  const [, name = "", path = value] = (field.namedPath && /^([\w.@-]+=)(.*)$/s.exec(value)) || [];
  return { name, path };
}

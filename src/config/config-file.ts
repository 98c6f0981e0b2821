import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DingError, messageOf } from "../core/errors.ts";
import { isRecord } from "../core/is-record.ts";
import { findJsonFault } from "./json-fault.ts";
import { didYouMean } from "./suggest.ts";

/** The file that is read from the current folder when none is named. */
export const CONFIG_FILE = "ding.config.json";

/** A parsed config file: a section of options for each role. */
export interface ConfigFile {
  /** As a person would call it. */
  name: string;
  folder: string;
  sections: Record<string, Record<string, unknown>>;
}

/** What names the config file, and which sections it may have. */
export interface ConfigFileRequest {
  /** The value of --config. */
  flag?: string | undefined;
  env: Record<string, string | undefined>;
  folder: string;
  sections: string[];
}

/** The file that --config or DING_CONFIG names, or the folder's own if there is one. */
export function loadConfigFile(request: ConfigFileRequest): ConfigFile | undefined {
  const named = request.flag ?? (request.env.DING_CONFIG || undefined);
  const path = resolve(request.folder, named ?? CONFIG_FILE);
  const name = named ?? CONFIG_FILE;
  const text = readText(path, { name, isNamed: named !== undefined, isFlag: !!request.flag });
  if (text === undefined) return undefined;
  const sections = parseSections(text, name);
  for (const section of Object.keys(sections)) {
    if (request.sections.includes(section) || section === "$schema") continue;
    throw invalid(
      `Cannot use section "${section}" in ${name}: no such section`,
      didYouMean(section, request.sections) ?? `Sections are: ${request.sections.join(", ")}`,
    );
  }
  return { name, folder: dirname(path), sections: objectsOf(sections, name) };
}

function readText(
  path: string,
  { name, isNamed, isFlag }: { name: string; isNamed: boolean; isFlag: boolean },
): string | undefined {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT" && !isNamed) return undefined;
    const reason = code === "ENOENT" ? "no such file" : messageOf(thrown);
    const source = isNamed ? (isFlag ? "--config" : "DING_CONFIG") : "the config file";
    throw new DingError("usage.invalid-option", `Cannot use ${source}: "${name}": ${reason}`, {
      hint: `Looked at ${path}`,
      cause: thrown,
    });
  }
}

function parseSections(text: string, name: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    const { line, column, reason } = findJsonFault(text);
    throw new DingError(
      "usage.invalid-option",
      `Cannot parse ${name}:${line}:${column}: ${reason}`,
      {
        hint: text.split(/\r?\n/)[line - 1]?.trim(),
        cause: thrown,
        details: { file: name, line, column },
      },
    );
  }
  if (isRecord(parsed)) return parsed;
  throw invalid(
    `Cannot use ${name}: it is not an object`,
    'Write a section for each role: { "slave": { "channel": 233 } }',
  );
}

function objectsOf(sections: Record<string, unknown>, name: string): ConfigFile["sections"] {
  const objects: ConfigFile["sections"] = {};
  for (const [section, value] of Object.entries(sections)) {
    if (section === "$schema") continue;
    if (!isRecord(value)) {
      throw invalid(
        `Cannot use section "${section}" in ${name}: it is not an object`,
        `Write the options in it: { "${section}": { … } }`,
      );
    }
    objects[section] = value;
  }
  return objects;
}

function invalid(message: string, hint: string): DingError {
  return new DingError("usage.invalid-option", message, { hint });
}

import { createReadStream, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { findJsonFault } from "../src/config/json-fault.ts";
import { DingError, messageOf } from "../src/core/errors.ts";
import { exactIntegers, readPythonJson } from "../src/protocol/python-json.ts";
import { linesOf } from "../src/master/submit/lines.ts";

/** Where the items of one call come from. */
export interface ItemPlaces {
  /** Items as JSON, one each. */
  data: readonly string[];
  /** Files whose bytes are items. */
  image: readonly string[];
  /** A file of JSON lines, a .json file with one item or a list of them, or - for lines of standard input. */
  file: string | undefined;
}

/** The items of one call, in order. */
export interface CallItems {
  /** Undefined as long as nobody knows. */
  readonly total: number | undefined;
  read(): AsyncGenerator<unknown, void, undefined>;
}

/** Looks at what can be looked at before anything is sent; throws `usage.invalid-option`. */
export async function openItems(places: ItemPlaces, stdin: Readable): Promise<CallItems> {
  const { data, image, file } = places;
  const given = data.map((text, index) => {
    const name = data.length > 1 ? `--data, item ${index + 1}` : "--data";
    return parseItem(text, name);
  });
  for (const path of image) checkFile(path, "--image");
  const isLines = file === "-" || (file !== undefined && !/\.json$/i.test(file));
  if (file !== undefined && file !== "-") checkFile(file, "--file");
  const listed = file === undefined || isLines ? [] : await readList(file);
  return {
    total: isLines ? undefined : given.length + image.length + listed.length,
    async *read() {
      yield* given;
      for (const path of image) yield new Uint8Array(await readFile(path));
      yield* listed;
      if (file !== undefined && isLines) yield* readLines(file, stdin);
    },
  };
}

async function* readLines(file: string, stdin: Readable): AsyncGenerator<unknown, void, undefined> {
  const name = file === "-" ? "standard input" : `"${file}"`;
  const stream = file === "-" ? stdin : createReadStream(file);
  for await (const { number, text } of linesOf(stream, name)) {
    if (text.trim() !== "") yield parseItem(text, `${name}, line ${number}`);
  }
}

async function readList(file: string): Promise<unknown[]> {
  const value = parseItem(await readFile(file, "utf8"), `"${file}"`);
  return Array.isArray(value) ? value : [value];
}

function parseItem(text: string, name: string): unknown {
  try {
    const item: unknown = JSON.parse(text);
    // Read once more where a whole number may have been rounded; INT64 goes beyond 2^53.
    return /\d{16}/.test(text) ? readPythonJson(text, exactIntegers) : item;
  } catch (cause) {
    const { line, column, reason } = findJsonFault(text);
    const place = text.includes("\n") ? `${line}:${column}` : `column ${column}`;
    throw new DingError("usage.invalid-input", `Cannot read ${name}: ${reason} at ${place}`, {
      hint: `An item is JSON: --data '{"x": [1, 2]}', --data '"text"'.`,
      cause,
    });
  }
}

function checkFile(path: string, option: string): void {
  let why = "it is no file";
  try {
    if (!statSync(path).isDirectory()) return;
  } catch (thrown) {
    const isMissing = (thrown as NodeJS.ErrnoException).code === "ENOENT";
    why = isMissing ? "no such file" : messageOf(thrown);
  }
  throw new DingError("usage.invalid-option", `Cannot use ${option}: "${path}": ${why}`);
}

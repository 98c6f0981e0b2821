import { Buffer } from "node:buffer";
import { DingError } from "../../core/errors.ts";

/** A part of a multipart form. */
export interface FormPart {
  readonly name: string;
  /** It has the name of a file, or a type that is no text. */
  readonly isFile: boolean;
  /** A view of the body. */
  readonly bytes: Uint8Array;
}

const MOST_PARTS = 1_000;
const MOST_HEADER_BYTES = 16 * 1_024;

/**
 * The parts of a multipart form, in their order, also as .NET writes them (names without quotes) and old Python (names
 * of files as `filename*`). Throws `usage.invalid-input` for what is none, and for one that is cut short.
 */
export function readParts(bytes: Uint8Array, contentType: string): FormPart[] {
  const delimiter = `--${boundaryOf(contentType)}`;
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: FormPart[] = [];
  let line = nextDelimiter(body, delimiter, 0);
  while (!line.isLast) {
    if (parts.length === MOST_PARTS) throw broken(`there are more than ${MOST_PARTS} parts`);
    const next = nextDelimiter(body, delimiter, line.end);
    parts.push(partOf(body.subarray(line.end, Math.max(line.end, next.start))));
    line = next;
  }
  return parts;
}

/** Where a delimiter stands, with the end of the line before it and its own. */
interface Delimiter {
  readonly start: number;
  readonly end: number;
  readonly isLast: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;

/** A boundary is chosen so that it stands in no part: looking at many that are none would hold up everybody else. */
const MOST_FALSE = 10_000;

/** Only one that fills a line is one. */
function nextDelimiter(body: Buffer, delimiter: string, from: number): Delimiter {
  let looked = 0;
  for (let at = body.indexOf(delimiter, from); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    looked += 1;
    if (looked > MOST_FALSE) throw broken("its boundary stands in its parts");
    if (at > 0 && body[at - 1] !== LF) continue;
    const start = at - (at === 0 ? 0 : body[at - 2] === CR ? 2 : 1);
    const behind = at + delimiter.length;
    if (body[behind] === DASH && body[behind + 1] === DASH) {
      return { start, end: behind + 2, isLast: true };
    }
    const end = endOfLine(body, behind);
    if (end !== undefined) return { start, end, isLast: false };
  }
  throw broken("the last boundary is missing");
}

/** Behind white space and the end of the line; undefined when something else stands there. */
function endOfLine(body: Buffer, from: number): number | undefined {
  let at = from;
  while (body[at] === 0x20 || body[at] === 0x09) at += 1;
  if (body[at] === CR) at += 1;
  return body[at] === LF ? at + 1 : undefined;
}

const HEADERS_END = /\r?\n\r?\n/;

function partOf(part: Buffer): FormPart {
  const head = part.toString("latin1", 0, Math.min(part.length, MOST_HEADER_BYTES));
  const end = HEADERS_END.exec(head);
  if (!end) throw broken("a part has no end of its headers");
  const headers = part.toString("utf8", 0, end.index).replaceAll(/\r?\n[ \t]+/g, " ");
  const disposition = headerOf(headers, "content-disposition");
  const name = parameterOf(disposition, "name");
  if (name === undefined) throw broken("a part has no name");
  const type = headerOf(headers, "content-type").trim().toLowerCase();
  const isFile =
    parameterOf(disposition, "filename") !== undefined ||
    parameterOf(disposition, "filename*") !== undefined ||
    (type !== "" && !type.startsWith("text/"));
  return { name, isFile, bytes: part.subarray(end.index + end[0].length) };
}

function headerOf(headers: string, name: string): string {
  for (const line of headers.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (line.slice(0, colon).trim().toLowerCase() === name) return line.slice(colon + 1);
  }
  return "";
}

/** One behind the other: what stands between two is looked at once. */
const PARAMETER = /\s*;\s*([^\s=;"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*)))?/gy;

/** A parameter of a header, with quotes or without. */
function parameterOf(header: string, name: string): string | undefined {
  const from = header.indexOf(";");
  if (from < 0) return undefined;
  for (const [, key, quoted, bare] of header.slice(from).matchAll(PARAMETER)) {
    if (key?.toLowerCase() !== name) continue;
    return quoted === undefined ? bare?.trim() : quoted.replaceAll(/\\(.)/g, "$1");
  }
  return undefined;
}

const LONGEST_BOUNDARY = 256;

function boundaryOf(contentType: string): string {
  const boundary = parameterOf(contentType, "boundary") ?? "";
  if (boundary === "") throw broken("its type names no boundary");
  if (boundary.length > LONGEST_BOUNDARY) throw broken("its boundary is too long");
  return boundary;
}

function broken(why: string): DingError {
  return new DingError("usage.invalid-input", `Cannot read body as multipart/form-data: ${why}`, {
    hint: "Its parts stand between the boundary that Content-Type names.",
  });
}

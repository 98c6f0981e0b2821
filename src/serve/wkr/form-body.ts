import { DingError } from "../../core/errors.ts";
import { isRecord } from "../../core/is-record.ts";
import { packingOf } from "../../http/content-type.ts";
import { json } from "../../protocol/codec.ts";
import { checkJsonDepth } from "../json-depth.ts";
import { jsonMisfit } from "../json-misfit.ts";
import { readParts } from "./read-parts.ts";

/** The kinds of body that the ancestor's routes know. */
export type BodyKind = "json" | "msgpack" | "form" | "multipart";

/**
 * The kind that a Content-Type names; a body without one is JSON, and so is plain text: fetch() calls every text so.
 * Throws `http.unsupported-type`, with what the route wants as its hint.
 */
export function bodyKind(
  headers: Headers,
  wanted: string = "Send application/json, or a form.",
): BodyKind {
  const written = headers.get("content-type");
  const type = (written ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const encoding = packingOf(headers.get("content-encoding"));
  if (encoding !== undefined) throw unsupported(`encoding "${encoding}"`, "Send it as it is.");
  if (/^(?:|text\/plain|(application|text)\/([\w.-]+\+)?json)$/.test(type)) return "json";
  if (/^application\/(msgpack|x-msgpack|vnd\.msgpack)$/.test(type)) return "msgpack";
  if (type === "application/x-www-form-urlencoded") return "form";
  if (type === "multipart/form-data") return "multipart";
  throw unsupported(`type "${written}"`, wanted);
}

/** The JSON value in a body, which is told from what is none; throws `usage.invalid-input`. */
export function readJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0)
    throw new DingError("usage.invalid-input", "Cannot read body: it is empty");
  checkJsonDepth(bytes);
  try {
    return json.decode(bytes);
  } catch (thrown) {
    throw jsonMisfit(bytes, thrown);
  }
}

/** A text field of a JSON object or of a form of either make; `curl -d '{…}'` says form and sends JSON. */
export function textField(
  name: string,
  { bytes, kind, contentType }: { bytes: Uint8Array; kind: BodyKind; contentType: string },
): string {
  const value = readField(name, { bytes, kind, contentType });
  if (typeof value === "string" && value !== "") return value;
  throw new DingError("usage.invalid-input", `Cannot read "${name}": expected a text`, {
    hint: `Send {"${name}": "…"} as JSON, or a form with the field ${name}.`,
    details: { path: name },
  });
}

/** The bytes of a file in a multipart form. */
export function fileField(
  name: string,
  { bytes, contentType }: { bytes: Uint8Array; contentType: string },
): Uint8Array {
  const part = readParts(bytes, contentType).find((one) => one.name === name);
  if (part?.isFile && part.bytes.length > 0) return part.bytes;
  const why = part ? "expected a file that is not empty" : "it is missing";
  throw new DingError("usage.invalid-input", `Cannot read "${name}": ${why}`, {
    hint: `Send it as a file: curl -F ${name}=@image.jpg`,
    details: { path: name },
  });
}

/** Is it a JSON object that has members, and this is none of them? */
export function isObjectWithout(
  name: string,
  { bytes, kind }: { bytes: Uint8Array; kind: BodyKind },
): boolean {
  if (kind !== "json" && !(kind === "form" && looksLikeJson(bytes))) return false;
  const members = Object.keys(membersIn(bytes));
  return members.length > 0 && !members.includes(name);
}

function readField(
  name: string,
  { bytes, kind, contentType }: { bytes: Uint8Array; kind: BodyKind; contentType: string },
): unknown {
  if (kind === "multipart") {
    const part = readParts(bytes, contentType).find((one) => one.name === name);
    return part && new TextDecoder().decode(part.bytes);
  }
  if (kind === "form" && !looksLikeJson(bytes)) {
    return new URLSearchParams(new TextDecoder().decode(bytes)).get(name);
  }
  if (kind === "msgpack") throw unsupported(`type "${contentType}"`, "Send JSON, or a form.");
  const members = membersIn(bytes);
  return Object.hasOwn(members, name) ? members[name] : null;
}

/** The members of a JSON object; any other value has none. */
function membersIn(bytes: Uint8Array): Record<string, unknown> {
  const value = readJson(bytes);
  return isRecord(value) ? value : {};
}

const SPACE = /^\s*/;

function looksLikeJson(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).replace(SPACE, "");
  return start.startsWith("{");
}

function unsupported(what: string, hint: string): DingError {
  return new DingError("http.unsupported-type", `Cannot read body of ${what}`, { hint });
}

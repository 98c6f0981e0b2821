import { DingError } from "../../core/errors.ts";
import { json } from "../../protocol/codec.ts";
import { jsonMisfit } from "../json-misfit.ts";

/** The kinds of body that the ancestor's routes know. */
export type BodyKind = "json" | "msgpack" | "form" | "multipart";

/** The kind that a Content-Type names; a body without one is JSON. Throws `http.unsupported-type`, with what the route wants as its hint. */
export function bodyKind(
  headers: Headers,
  wanted: string = "Send application/json, or a form.",
): BodyKind {
  const written = headers.get("content-type");
  const type = (written ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") throw unsupported(`encoding "${encoding}"`, "Send it as it is.");
  if (type === "" || /^(application|text)\/([\w.-]+\+)?json$/.test(type)) return "json";
  if (/^application\/(msgpack|x-msgpack|vnd\.msgpack)$/.test(type)) return "msgpack";
  if (type === "application/x-www-form-urlencoded") return "form";
  if (type === "multipart/form-data") return "multipart";
  throw unsupported(`type "${written}"`, wanted);
}

/** The JSON value in a body, which is told from what is none; throws `usage.invalid-input`. */
export function readJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0)
    throw new DingError("usage.invalid-input", "Cannot read body: it is empty");
  try {
    return json.decode(bytes);
  } catch (thrown) {
    throw jsonMisfit(bytes, thrown);
  }
}

/** A text field of a JSON object or of a form of either make; `curl -d '{…}'` says form and sends JSON. */
export async function textField(
  name: string,
  { bytes, kind, contentType }: { bytes: Uint8Array; kind: BodyKind; contentType: string },
): Promise<string> {
  const value = await readField(name, { bytes, kind, contentType });
  if (typeof value === "string" && value !== "") return value;
  throw new DingError("usage.invalid-input", `Cannot read "${name}": expected a text`, {
    hint: `Send {"${name}": "…"} as JSON, or a form with the field ${name}.`,
    details: { path: name },
  });
}

/** The bytes of a file in a multipart form. */
export async function fileField(
  name: string,
  { bytes, contentType }: { bytes: Uint8Array; contentType: string },
): Promise<Uint8Array> {
  const value = (await readMultipart(bytes, contentType)).get(name);
  if (value !== null && typeof value !== "string" && value.size > 0) {
    return new Uint8Array(await value.arrayBuffer());
  }
  const why = value === null ? "it is missing" : "expected a file that is not empty";
  throw new DingError("usage.invalid-input", `Cannot read "${name}": ${why}`, {
    hint: `Send it as a file: curl -F ${name}=@image.jpg`,
    details: { path: name },
  });
}

async function readField(
  name: string,
  { bytes, kind, contentType }: { bytes: Uint8Array; kind: BodyKind; contentType: string },
): Promise<unknown> {
  if (kind === "multipart") return (await readMultipart(bytes, contentType)).get(name);
  if (kind === "form" && !looksLikeJson(bytes)) {
    return new URLSearchParams(new TextDecoder().decode(bytes)).get(name);
  }
  if (kind === "msgpack") throw unsupported(`type "${contentType}"`, "Send JSON, or a form.");
  const value = readJson(bytes);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : null;
}

async function readMultipart(bytes: Uint8Array, contentType: string): Promise<FormData> {
  try {
    const body = new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: { "Content-Type": contentType },
    });
    return await body.formData();
  } catch (thrown) {
    throw new DingError("usage.invalid-input", "Cannot read body as multipart/form-data", {
      hint: "Its parts stand between the boundary that Content-Type names.",
      cause: thrown,
    });
  }
}

const SPACE = /^\s*/;

function looksLikeJson(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).replace(SPACE, "");
  return start.startsWith("{");
}

function unsupported(what: string, hint: string): DingError {
  return new DingError("http.unsupported-type", `Cannot read body of ${what}`, { hint });
}

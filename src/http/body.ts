import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { DingError, NetworkError, messageOf } from "../core/errors.ts";
import { json, msgpack } from "../protocol/codec.ts";
import { writeJson } from "../protocol/json-writer.ts";
import { BODY_LIMIT_BYTES } from "../protocol/limits.ts";
import { decodePythonJson } from "../protocol/python-json.ts";
import { answerForm, bodyForm, packingOf, type BodyForm } from "./content-type.ts";
import { readBytes } from "./read-bytes.ts";

/** How a body is read. */
export interface BodyOptions {
  /** A longer body is refused with 413; default 64 MiB. */
  limitBytes?: number;
  /** "python" takes NaN and the infinities too, and JSON of whatever type, as the DI-engine dialect sends it. */
  json?: "strict" | "python";
}

/** The value in a request's body, JSON or msgpack by its Content-Type; undefined when the body is empty. */
export async function readBody(
  { req }: Context,
  { limitBytes = BODY_LIMIT_BYTES, json: dialect = "strict" }: BodyOptions = {},
): Promise<unknown> {
  const contentType = req.header("content-type");
  const form = bodyForm(contentType) ?? (dialect === "python" ? "json" : undefined);
  if (form === undefined) {
    throw new DingError("http.unsupported-type", `Cannot read body of type "${contentType}"`, {
      hint: "Send application/json or application/msgpack.",
    });
  }
  const encoding = packingOf(req.header("content-encoding"));
  if (encoding !== undefined) {
    throw new DingError("http.unsupported-type", `Cannot read body with encoding "${encoding}"`, {
      hint: "Send it as it is.",
    });
  }
  const bytes = await readBytes(req.raw, limitBytes);
  return bytes.length === 0 ? undefined : decode(bytes, form, dialect);
}

/** The answer to a request, in the form that it accepts: JSON, or msgpack where that is asked for. */
export function answer({ req, body }: Context, value: unknown, status: number = 200): Response {
  // Hono's type knows only the statuses that have a name.
  const code = status as ContentfulStatusCode;
  return answerForm(req.header("accept")) === "msgpack"
    ? body(msgpack.encode(value), code, { "Content-Type": msgpack.contentType })
    : body(writeJson(value), code, { "Content-Type": json.contentType });
}

function decode(bytes: Uint8Array, form: BodyForm, dialect: "strict" | "python"): unknown {
  try {
    if (form === "msgpack") return msgpack.decode(bytes);
    return dialect === "python" ? decodePythonJson(bytes) : json.decode(bytes);
  } catch (thrown) {
    if (!(thrown instanceof NetworkError)) throw thrown;
    const why = messageOf(thrown).replace(/^Cannot decode \w+: /, "");
    const name = form === "json" ? "JSON" : form;
    throw new DingError("usage.invalid-input", `Cannot read body as ${name}: ${why}`, {
      cause: thrown,
    });
  }
}

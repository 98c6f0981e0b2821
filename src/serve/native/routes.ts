import type { Context } from "hono";
import { DingError } from "../../core/errors.ts";
import type { App } from "../../http/app.ts";
import { bodyOf } from "../../http/body-of.ts";
import { answerForm, bodyForm, packingOf, type BodyForm } from "../../http/content-type.ts";
import type { HttpBindings } from "../../http/listen.ts";
import { readBytes } from "../../http/read-bytes.ts";
import { json, msgpack } from "../../protocol/codec.ts";
import { BODY_LIMIT_BYTES } from "../../protocol/limits.ts";
import { CLIENT_HEADER, clientOf } from "../client-of.ts";
import type { Models } from "../inference.ts";
import { senderOf, type OnUnreadable } from "../unreadable.ts";
import type { Desk } from "./desk.ts";
import { digestOf } from "./digest.ts";
import { writePredict } from "./predict-answer.ts";
import { readPredict, type PredictRequest } from "./predict-request.ts";
import type { Outcome } from "./run.ts";
import { SERVE_SESSION_PATH } from "./session-protocol.ts";

/** How the HTTP half of the native protocol is answered. */
export interface MountNativeOptions {
  /** That of `NativeSockets`: both faces have one bound. */
  desk: Desk;
  /** The longest body; default 64 MiB. */
  limitBytes?: number | undefined;
  onUnreadable?: OnUnreadable | undefined;
}

type NativeContext = Context<{ Bindings: HttpBindings }>;

/** POST …/predict, for the only model, for one by name, and for one version of it. */
export function mountNative(app: App, models: Models, options: MountNativeOptions): void {
  const { desk, limitBytes = BODY_LIMIT_BYTES, onUnreadable } = options;
  const predict = (context: NativeContext): Promise<Response> =>
    answerPredict(context, { models, desk, limitBytes, onUnreadable });
  app.post("/predict", predict);
  app.post("/models/:name/predict", predict);
  app.post("/models/:name/versions/:version/predict", predict);
  app.get(SERVE_SESSION_PATH, () => {
    throw new DingError("usage.invalid-input", "Cannot open a session: no WebSocket upgrade");
  });
}

interface PredictContext extends Pick<MountNativeOptions, "onUnreadable"> {
  models: Models;
  desk: Desk;
  limitBytes: number;
}

async function answerPredict(
  context: NativeContext,
  { models, desk, limitBytes, onUnreadable }: PredictContext,
): Promise<Response> {
  const { req } = context;
  const { name, version } = req.param() as { name?: string; version?: string };
  // Before a long body is read for nothing.
  const { facts } = models.get(name, version);
  let form: BodyForm;
  let bytes: Uint8Array;
  let read: PredictRequest;
  try {
    form = formOf(context);
    bytes = await readBytes(req.raw, limitBytes);
    read = readPredict(bytes, form);
  } catch (thrown) {
    onUnreadable?.(facts, senderOf(req.raw.headers, context.env.info), thrown);
    throw thrown;
  }
  const { items, isSingle, id, ...rest } = read;
  const { client, key } = callerOf(context, { id, bytes });
  const values = { kind: "values", form, values: items } as const;
  let outcome: Outcome = { values: { ...values, values: [] } };
  if (items.length > 0) {
    const traceparent = req.header("traceparent");
    const asked = desk.ask({ ...rest, id, key, client, model: name, version, values, traceparent });
    const { signal } = req.raw;
    signal.addEventListener("abort", () => asked.leave(), { once: true });
    if (signal.aborted) asked.leave();
    outcome = await asked.outcome;
  }
  if ("error" in outcome) throw isSingle ? outcome.error : inList(outcome.error);
  const wanted = wantedForm(req.header("accept"), form);
  const body = writePredict({ values: outcome.values, isSingle, id }, wanted);
  const { contentType } = wanted === "json" ? json : msgpack;
  return context.body(bodyOf([body]), 200, { "Content-Type": contentType });
}

const INPUT_FAULT = "Cannot use input: ";

/** The faults of an item with the path that they have in the request: `inputs[1].a`. */
function inList(error: DingError): DingError {
  const { faults, item = 0 } = error.details;
  const isOurs = error.message.startsWith(INPUT_FAULT) && Array.isArray(faults);
  if (!isOurs) return error;
  const placed = (faults as { path: string; message: string }[]).map(({ path, message }) => {
    const place = `inputs[${Number(item)}]`;
    return { path: path === "" ? place : `${place}.${path}`, message };
  });
  const told = placed.map(({ path, message }) => `"${path}": ${message}`);
  return new DingError(error.code, `${INPUT_FAULT}${told.join("; ")}`, {
    hint: error.hint,
    details: { ...error.details, faults: placed },
    cause: error,
  });
}

/** Who asks; a request is known again only by who has said who it is. */
function callerOf(
  { req, env }: NativeContext,
  { id, bytes }: { id: string | undefined; bytes: Uint8Array },
): { client: string; key: string | undefined } {
  const client = clientOf(req.raw.headers, env.info);
  const isNamed = Boolean(req.header(CLIENT_HEADER));
  if (!isNamed || id === undefined) return { client, key: undefined };
  return { client, key: `http:${client.length}:${client}:${req.path}:${digestOf(bytes)}` };
}

/** `curl -d` says that it sends a form, and fetch() of a text, but for Bun's, that it sends plain text. */
const UNTOLD = /^\s*(?:application\/x-www-form-urlencoded|text\/plain)\s*(?:;|$)/i;

function formOf({ req }: NativeContext): BodyForm {
  const contentType = req.header("content-type");
  const encoding = packingOf(req.header("content-encoding"));
  const form = UNTOLD.test(contentType ?? "") ? "json" : bodyForm(contentType);
  if (form !== undefined && encoding === undefined) return form;
  const what = form === undefined ? `type "${contentType}"` : `encoding "${encoding}"`;
  throw new DingError("http.unsupported-type", `Cannot read body of ${what}`, {
    hint: "Send application/json or application/msgpack, as it is.",
  });
}

/** Who names no form gets what it sent. */
function wantedForm(accept: string | undefined, sent: BodyForm): BodyForm {
  const isNamed = accept !== undefined && /json|msgpack/i.test(accept);
  return isNamed ? answerForm(accept) : sent;
}

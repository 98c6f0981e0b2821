import { letGo } from "../../core/let-go.ts";
import { bodyOf } from "../../http/body-of.ts";
import type { RequestInfo } from "../../runtime/http-server.ts";
import { clientOf } from "../client-of.ts";
import type { InferRequest, Models } from "../inference.ts";
import { senderOf, type OnUnreadable } from "../unreadable.ts";
import { packed, wantedCompression } from "./compression.ts";
import { writeInferAnswer, type OipAnswer } from "./infer-answer.ts";
import { JSON_LENGTH_HEADER, readInferBody, type InferBody } from "./infer-body.ts";
import { readInferRequest, type OipRequest } from "./infer-request.ts";
import type { ModelFace, ModelFaces } from "./model-face.ts";
import { readRawRequest } from "./raw-request.ts";

/** What inference over HTTP stands on. */
export interface OipContext {
  readonly models: Models;
  readonly faces: ModelFaces;
  readonly bodyLimitBytes: number;
  readonly onUnreadable?: OnUnreadable | undefined;
}

/** Which model is asked, and by whom. */
export interface Asked {
  readonly request: Request;
  readonly info: Pick<RequestInfo, "remoteAddress">;
  readonly name: string;
  readonly version: string | undefined;
}

/** Answers a request to infer; rejects with what goes wrong. */
export async function infer(context: OipContext, asked: Asked): Promise<Response> {
  const { models, faces, bodyLimitBytes } = context;
  const { request, name, version } = asked;
  // Before a long body is read for nothing.
  const model = models.get(name, version);
  const { facts } = model;
  let body: InferBody;
  let face: ModelFace;
  let read: OipRequest;
  try {
    body = await readInferBody(request, bodyLimitBytes);
    face = faces.of(facts);
    read = "raw" in body ? readRawRequest(body.raw, face) : readInferRequest(body, face);
  } catch (thrown) {
    context.onUnreadable?.(facts, senderOf(request.headers, asked.info), thrown);
    throw thrown;
  }
  const { outputs, id } = read;
  const { payload } = await model.infer(inferRequest(read, asked));
  // Whatever a worker has got of it is a copy.
  letGo("raw" in body ? body.raw : body.json);
  const head = { name: facts.name, version: facts.version, id };
  const answer = writeInferAnswer(head, payload, { face, outputs });
  const compression = wantedCompression(request.headers.get("accept-encoding"));
  return compression === undefined ? respond(answer) : respondPacked(answer, compression);
}

function inferRequest(read: OipRequest, asked: Asked): InferRequest {
  const { payload, id, priority, timeoutMs, parameters } = read;
  const { request } = asked;
  return {
    payload,
    id,
    client: clientOf(request.headers, asked.info),
    priority,
    timeoutMs,
    parameters,
    traceparent: request.headers.get("traceparent") ?? undefined,
    // Made by the runtime when first asked for: a request that does not wait needs none.
    get signal() {
      return request.signal;
    },
  };
}

const JSON_ANSWER: ResponseInit = { headers: { "Content-Type": "application/json" } };

function respond({ body, jsonBytes }: OipAnswer): Response {
  return jsonBytes === undefined
    ? new Response(bodyOf(body), JSON_ANSWER)
    : new Response(bodyOf(body), { headers: headersOf(jsonBytes) });
}

async function respondPacked(
  { body, jsonBytes }: OipAnswer,
  compression: "gzip" | "deflate",
): Promise<Response> {
  const headers = { ...headersOf(jsonBytes), "Content-Encoding": compression };
  return new Response(bodyOf([await packed(body, compression)]), { headers });
}

function headersOf(jsonBytes: number | undefined): Record<string, string> {
  return jsonBytes === undefined
    ? { "Content-Type": "application/json" }
    : { "Content-Type": "application/octet-stream", [JSON_LENGTH_HEADER]: String(jsonBytes) };
}

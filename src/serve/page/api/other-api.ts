import type { ApiContent, ApiParameter, ApiRoute } from "../../../dashboard/openapi.ts";
import { jsonAnswer, schemaOf, valuesAnswer } from "./schemas.ts";

const NATIVE = "Native";
const WKR = "worker-as-service";
const SERVER = "Server";
const ANY = {};
const WHOLE = { type: "object" };
const TEXT = { schema: { type: "string" } };
const FAILURE = schemaOf("Failure");

/** What stands behind a request to a model on the native routes and the ancestor's that fails. */
export const FAULTS: ApiRoute["answers"] = {
  "400": jsonAnswer("The request does not fit the model; the message names the place.", FAILURE),
  "404": jsonAnswer("There is no such model or version.", FAILURE),
  "413": jsonAnswer("The body is too long.", FAILURE),
  "415": jsonAnswer("The body is of another type, or packed.", FAILURE),
  "429": jsonAnswer("The queue is full; Retry-After says when there may be room.", FAILURE),
  "500": jsonAnswer("The model failed.", FAILURE),
  "503": jsonAnswer("The model is not ready, or the server goes.", FAILURE),
  "504": jsonAnswer("Its time was up.", FAILURE),
};

const CLIENT: ApiParameter = {
  name: "Ding-Client",
  in: "header",
  description: "Who asks: requests of different clients are served in turns. Default: the address.",
};
const MODEL: readonly ApiParameter[] = [
  { name: "model", in: "query", description: "The model; not needed where there is one." },
  { name: "version", in: "query", description: "Its version; default: the newest that is ready." },
  CLIENT,
];

/** The body of a native request. */
export const PREDICT_SCHEMA = {
  type: "object",
  properties: {
    input: { description: "One item; its output comes back as `output`." },
    inputs: { type: "array", items: ANY, description: "Several; they come back as `outputs`." },
    id: { type: "string" },
    priority: { type: "integer", minimum: 0 },
    timeoutMs: { type: "number", minimum: 0 },
    parameters: WHOLE,
  },
};

function predict(path: string, summary: string): ApiRoute {
  return {
    method: "post",
    path,
    tag: NATIVE,
    summary,
    parameters: [CLIENT],
    body: {
      "application/json": { schema: PREDICT_SCHEMA, example: { input: null } },
      "application/msgpack": { schema: PREDICT_SCHEMA },
    },
    answers: { "200": valuesAnswer("`output`, or `outputs`.", WHOLE), ...FAULTS },
  };
}

function encode(path: string, summary: string, body: Record<string, ApiContent>): ApiRoute {
  return {
    method: "post",
    path,
    tag: WKR,
    summary,
    parameters: MODEL,
    body,
    answers: { "200": jsonAnswer("The output as `data`.", schemaOf("WkrAnswer")), ...FAULTS },
  };
}

const IMAGE = {
  "multipart/form-data": {
    schema: {
      type: "object",
      required: ["img_bytes"],
      properties: { img_bytes: { type: "string", format: "binary" } },
    },
  },
};
const URL_BODY = {
  "application/json": {
    schema: { type: "object", required: ["img_url"], properties: { img_url: TEXT.schema } },
    example: { img_url: "https://example.org/image.png" },
  },
};

function fetching(route: ApiRoute): ApiRoute {
  const closed = jsonAnswer("The operator does not allow that host, or any.", FAILURE);
  return { ...route, answers: { ...route.answers, "403": closed } };
}

function told(path: string, summary: string, type?: string): ApiRoute {
  const answer = type
    ? { description: "Text.", content: { [type]: TEXT } }
    : jsonAnswer("Facts.", WHOLE);
  return { method: "get", path, tag: SERVER, summary, answers: { "200": answer } };
}

function health(path: string, summary: string): ApiRoute {
  const answers = { "200": jsonAnswer("Yes.", WHOLE), "503": jsonAnswer("No.", WHOLE) };
  return { method: "get", path, tag: SERVER, summary, answers, isPublic: true };
}

/** The routes of the native protocol, of the ancestor's HTTP, and of the server itself. */
export const OTHER_API: readonly ApiRoute[] = [
  predict("/predict", "Runs the only model on items"),
  predict("/models/{name}/predict", "Runs a model on items"),
  predict("/models/{name}/versions/{version}/predict", "Runs a version of a model on items"),
  encode("/encode_json", "Runs a model on one item, any JSON value", {
    "application/json": { schema: ANY, example: null },
  }),
  encode("/encode", "Runs a model on the text `img_url`, or on an object without one", {
    "application/json": { ...URL_BODY["application/json"], schema: { type: "object" } },
  }),
  encode("/encode_img_bytes", "Runs a model on the bytes of a file", IMAGE),
  encode("/v1/encode_img_bytes", "The same", IMAGE),
  fetching(
    encode(
      "/encode_img_url",
      "Fetches an image from a host that the operator allows, and runs a model on its bytes",
      URL_BODY,
    ),
  ),
  { ...told("/status/server", "The server's statistics under the ancestor's names"), tag: WKR },
  { ...told("/status/client", "What these routes have done"), tag: WKR },
  told("/status", "State, models and workers"),
  told("/metrics", "Metrics for Prometheus, under Triton's names", "text/plain"),
  health("/health/live", "Does the process live?"),
  health("/health/ready", "Are all models ready?"),
  { ...told("/dashboard", "The page for people", "text/html"), isPublic: true },
  told("/dashboard/feed", "What the page shows"),
  { ...told("/docs", "The page to try all routes", "text/html"), isPublic: true },
  told("/openapi.json", "This document"),
];

/** The groups of the document. */
export const API_TAGS: readonly { name: string; description: string }[] = [
  { name: "Models", description: "The models that are served now, ready to be tried." },
  { name: "Open Inference Protocol v2", description: "As Triton and KServe speak it." },
  { name: NATIVE, description: "Items as JSON or msgpack; over a WebSocket with the client." },
  { name: WKR, description: "The HTTP routes of worker-as-service." },
  { name: SERVER, description: "Health, metrics, status, pages." },
  { name: "Plugin", description: "Routes that plugins have added." },
];

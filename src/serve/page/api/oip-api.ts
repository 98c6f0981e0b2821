import type { ApiRoute } from "../../../dashboard/openapi.ts";
import { jsonAnswer, schemaOf } from "./schemas.ts";

const TAG = "Open Inference Protocol v2";
const OIP_ERROR = schemaOf("OipError");
const NOT_FOUND = { "404": jsonAnswer("There is no such model or version.", OIP_ERROR) };

const BODY_FAULTS: ApiRoute["answers"] = {
  "400": jsonAnswer("The request is not as it is wanted; the message names the place.", OIP_ERROR),
  "413": jsonAnswer("The body is too long.", OIP_ERROR),
  "415": jsonAnswer("The body is packed, and neither as gzip nor as deflate.", OIP_ERROR),
};

/** What stands behind a request to a model that fails. */
export const INFER_FAULTS: ApiRoute["answers"] = {
  ...BODY_FAULTS,
  ...NOT_FOUND,
  "429": jsonAnswer("The queue is full; Retry-After says when there may be room.", OIP_ERROR),
  "500": jsonAnswer("The model failed.", OIP_ERROR),
  "503": jsonAnswer("The model is not ready, or the server goes.", OIP_ERROR),
  "504": jsonAnswer("Its time was up.", OIP_ERROR),
};

/** What a stream is answered with. */
export const STREAM_ANSWERS: ApiRoute["answers"] = {
  "200": {
    description: "Server-sent events, one for each piece; a failure on the way is one too.",
    content: { "text/event-stream": { schema: { type: "string" } } },
  },
  ...INFER_FAULTS,
};

const WHOLE = { type: "object" };
const GENERATE = {
  "application/json": { schema: WHOLE, example: { text_input: "text", parameters: {} } },
};

function get(path: string, summary: string, answers: ApiRoute["answers"]): ApiRoute {
  return { method: "get", path, tag: TAG, summary, answers };
}

function inferRoutes(path: string): ApiRoute[] {
  return [
    get(path, "What a model takes and gives", {
      "200": jsonAnswer("Metadata.", WHOLE),
      ...NOT_FOUND,
    }),
    get(`${path}/ready`, "Does it take requests?", {
      "200": jsonAnswer("Yes.", WHOLE),
      "503": jsonAnswer("No.", WHOLE),
      ...NOT_FOUND,
    }),
    get(`${path}/config`, "How it is batched", {
      "200": jsonAnswer("As Triton has it.", WHOLE),
      ...NOT_FOUND,
    }),
    get(`${path}/stats`, "What it has done", {
      "200": jsonAnswer("As Triton has it.", WHOLE),
      ...NOT_FOUND,
    }),
    {
      method: "post",
      path: `${path}/infer`,
      tag: TAG,
      summary: "Runs a model on tensors",
      description:
        "JSON, or binary tensors behind a JSON part whose length the header Inference-Header-Content-Length says.",
      body: {
        "application/json": { schema: schemaOf("InferRequest") },
        "application/octet-stream": {},
      },
      answers: { "200": jsonAnswer("The outputs.", schemaOf("InferAnswer")), ...INFER_FAULTS },
    },
    {
      method: "post",
      path: `${path}/generate`,
      tag: TAG,
      summary: "Runs a model on one item, by name",
      body: GENERATE,
      answers: { "200": jsonAnswer("The outputs by name.", WHOLE), ...INFER_FAULTS },
    },
    {
      method: "post",
      path: `${path}/generate_stream`,
      tag: TAG,
      summary: "The same, piece by piece",
      body: GENERATE,
      answers: STREAM_ANSWERS,
    },
  ];
}

function health(path: string, summary: string): ApiRoute {
  const answers = { "200": jsonAnswer("Yes.", WHOLE), "503": jsonAnswer("No.", WHOLE) };
  return { ...get(path, summary, answers), isPublic: true };
}

function change(path: string, summary: string): ApiRoute {
  return {
    method: "post",
    path,
    tag: TAG,
    summary,
    description: "{model} may be name@version.",
    body: { "application/json": { schema: WHOLE, example: {} } },
    answers: { "200": jsonAnswer("It is done.", WHOLE), ...INFER_FAULTS },
  };
}

/** The routes of the Open Inference Protocol, with Triton's extensions. */
export const OIP_API: readonly ApiRoute[] = [
  get("/v2", "Name, version and extensions of the server", {
    "200": jsonAnswer("Metadata.", WHOLE),
  }),
  health("/v2/health/live", "Does the process live?"),
  health("/v2/health/ready", "Are all models ready?"),
  get("/v2/models", "The names of all models", { "200": jsonAnswer("Names.", WHOLE) }),
  get("/v2/models/stats", "What all models have done", {
    "200": jsonAnswer("As Triton has it.", WHOLE),
  }),
  ...inferRoutes("/v2/models/{model}"),
  ...inferRoutes("/v2/models/{model}/versions/{version}"),
  {
    method: "post",
    path: "/v2/repository/index",
    tag: TAG,
    summary: "All models with their states",
    body: { "application/json": { schema: WHOLE, example: { ready: false } } },
    answers: { "200": jsonAnswer("A list.", { type: "array", items: WHOLE }), ...BODY_FAULTS },
  },
  change("/v2/repository/models/{model}/load", "Loads a model, or loads it again"),
  change("/v2/repository/models/{model}/unload", "Lets a model go, after its last request"),
];

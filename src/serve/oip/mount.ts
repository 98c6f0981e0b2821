import { writeJson } from "../../protocol/json-writer.ts";
import type { Asked } from "./infer.ts";

/** Answers a request of the protocol; what it throws becomes the protocol's error. */
export type Answerer = (asked: Asked) => Response | Promise<Response>;

/** Where the chapters of the protocol put their routes. */
export interface Routes {
  get: (path: string, answerer: Answerer) => void;
  post: (path: string, answerer: Answerer) => void;
}

/** Of a model's routes; a version may be named or not. */
export const MODEL_PATHS = ["/v2/models/:model", "/v2/models/:model/versions/:version"];

/** An answer of JSON, numbers as the protocol has them. */
export function json(value: unknown, status: number = 200): Response {
  return new Response(writeJson(value), {
    status,
    headers: { "Content-Type": "application/json" },
  });
}

import type { Inference, InferEnd } from "../inference.ts";

/** How a request ends, as a promise: rejects with its error. */
export function promised(ask: (done: (end: InferEnd) => void) => void): Promise<Inference> {
  return new Promise((resolve, reject) => {
    ask((end) => ("error" in end ? reject(end.error) : resolve(end.inference)));
  });
}

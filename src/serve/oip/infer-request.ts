import type { Payload } from "../inference.ts";
import { readTensors, type OipBody } from "./given-tensors.ts";
import type { ModelFace, OutputChoice } from "./model-face.ts";
import { chooseOutputs } from "./output-choice.ts";
import { readParameters } from "./parameters.ts";
import { payloadOf } from "./payload.ts";
import { readDocument, recordAt, textAt, type JsonDocument } from "./request-document.ts";

/** A request to infer, checked against the model's face. */
export interface OipRequest {
  readonly payload: Payload;
  readonly id: string | undefined;
  readonly priority: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly parameters: JsonDocument | undefined;
  /** How the answer shall be. */
  readonly outputs: readonly OutputChoice[];
}

/** Reads a request to infer; throws usage.invalid-input with the path of the first fault. */
export function readInferRequest(body: OipBody, face: ModelFace): OipRequest {
  return readDocument(body.json, (document) => {
    const given = recordAt(document["parameters"], "parameters");
    const { isBinaryOutput, rest, priority, timeoutMs } = readParameters(given, "parameters");
    const tensors = readTensors(document["inputs"], body, face);
    return {
      payload: payloadOf(tensors, face),
      id: textAt(document["id"], "id"),
      priority,
      timeoutMs,
      parameters: rest,
      outputs: chooseOutputs(document["outputs"], face, isBinaryOutput),
    };
  });
}

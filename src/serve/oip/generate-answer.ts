import { DingError } from "../../core/errors.ts";
import { sizeOf } from "../../protocol/tensor.ts";
import type { Payload } from "../inference.ts";
import { writeElements } from "./elements-writer.ts";
import { headText, outputOf, type AnswerHead } from "./infer-answer.ts";
import type { ModelFace } from "./model-face.ts";

const decoder = new TextDecoder();

/**
 * One answer, or one piece of it, as an object in JSON: an output of one element is that, of more a list. Of a model of
 * any value an object is told as it is, all else as `text_output`.
 */
export function writeGenerateAnswer(head: AnswerHead, payload: Payload, face: ModelFace): string {
  return `${headText(head)}${face.isAnyValue ? itemMembers(payload) : tensorMembers(payload, face)}}`;
}

function tensorMembers(payload: Payload, face: ModelFace): string {
  const members = face.allAsJson.map((choice, index) => {
    const tensor = face.outputs[index] as ModelFace["outputs"][number];
    const { datatype, shape, data } = outputOf(payload, { face, tensor, choice });
    const list = writeElements(datatype, data, tensor.name);
    return `${JSON.stringify(tensor.name)}:${sizeOf(shape) === 1 ? list.slice(1, -1) : list}`;
  });
  return members.join(",");
}

function itemMembers(payload: Payload): string {
  const [value] = payload.kind === "values" ? payload.values : [];
  if (!value) throw new DingError("task.invalid-result", "Cannot answer: the model gave nothing");
  const text = decoder.decode(value).trim();
  if (!text.startsWith("{")) return `"text_output":${text}`;
  const members = text.slice(1, -1).trim();
  return members === "" ? `"text_output":{}` : members;
}

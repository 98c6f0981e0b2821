import { DingError } from "../../core/errors.ts";
import { sizeOf } from "../../protocol/tensor.ts";
import type { Payload } from "../inference.ts";
import { cutObject } from "../native/json-cut.ts";
import { writeElements } from "./elements-writer.ts";
import { headText, outputOf, type AnswerHead } from "./infer-answer.ts";
import type { ModelFace } from "./model-face.ts";

const decoder = new TextDecoder();

/**
 * One answer, or one piece of it, as an object in JSON: an output of one element is that, of more a list. Of a model of
 * any value an object is told as it is, all else as `text_output`.
 */
export function writeGenerateAnswer(head: AnswerHead, payload: Payload, face: ModelFace): string {
  const { own, members } = face.isAnyValue ? itemMembers(payload) : tensorMembers(payload, face);
  return `${headText(head, own)}${members}}`;
}

/** What the model says, and under which names that the head of an answer has, too: a name stands in it once. */
interface Members {
  readonly own: ReadonlySet<string>;
  readonly members: string;
}

const HEAD = ["model_name", "model_version", "id"];
const MAY_HAVE_HEAD = new RegExp(HEAD.map((name) => `"${name}"`).join("|"));
const NONE: ReadonlySet<string> = new Set();

function ownOf(names: Iterable<string>): ReadonlySet<string> {
  return new Set([...names].filter((name) => HEAD.includes(name)));
}

function tensorMembers(payload: Payload, face: ModelFace): Members {
  const members = face.allAsJson.map((choice, index) => {
    const tensor = face.outputs[index] as ModelFace["outputs"][number];
    const { datatype, shape, data } = outputOf(payload, { face, tensor, choice });
    const list = writeElements(datatype, data, tensor.name);
    return `${JSON.stringify(tensor.name)}:${sizeOf(shape) === 1 ? list.slice(1, -1) : list}`;
  });
  return { own: ownOf(face.outputs.map(({ name }) => name)), members: members.join(",") };
}

function itemMembers(payload: Payload): Members {
  const [value] = payload.kind === "values" ? payload.values : [];
  if (!value) throw new DingError("task.invalid-result", "Cannot answer: the model gave nothing");
  const text = decoder.decode(value).trim();
  if (!text.startsWith("{")) return { own: NONE, members: `"text_output":${text}` };
  const members = text.slice(1, -1).trim();
  if (members === "") return { own: NONE, members: `"text_output":{}` };
  const own = MAY_HAVE_HEAD.test(text) ? ownOf(cutObject(value).keys()) : NONE;
  return { own, members };
}

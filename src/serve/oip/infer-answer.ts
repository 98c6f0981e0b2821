import { Buffer } from "node:buffer";
import { DingError } from "../../core/errors.ts";
import { joinElements } from "../../protocol/bytes-elements.ts";
import type { ModelFacts, Payload } from "../inference.ts";
import { classified } from "./classification.ts";
import { writeElements } from "./elements-writer.ts";
import type { FaceTensor, ModelFace, OutputChoice } from "./model-face.ts";
import { firstRow, rowsAt, type Lying } from "./row-axis.ts";

/** What an answer says besides its outputs. */
export interface AnswerHead extends Pick<ModelFacts, "name" | "version"> {
  readonly id: string | undefined;
}

/** An answer: JSON, or JSON of so many bytes and behind it the bytes of tensors, one after the other. */
export interface OipAnswer {
  readonly body: string | readonly Uint8Array[];
  readonly jsonBytes: number | undefined;
}

/** Writes the outputs that were chosen; throws task.invalid-result when they are not there. */
export function writeInferAnswer(
  head: AnswerHead,
  payload: Payload,
  { face, outputs }: { face: ModelFace; outputs: readonly OutputChoice[] },
): OipAnswer {
  const binary: Uint8Array[] = [];
  let texts = "";
  for (const choice of outputs) {
    const tensor = face.outputs[choice.index] as FaceTensor;
    const text = outputText(
      tensor.name,
      outputOf(payload, { face, tensor, choice }),
      choice,
      binary,
    );
    texts = texts === "" ? text : `${texts},${text}`;
  }
  const text = `${headText(head)}"outputs":[${texts}]}`;
  if (binary.length === 0) return { body: text, jsonBytes: undefined };
  const json = Buffer.from(text);
  return { body: [json, ...binary], jsonBytes: json.length };
}

/** The beginning of an answer, up to and with the comma behind it, less the members that the answer has itself. */
export function headText(head: AnswerHead, own: ReadonlySet<string> = NONE): string {
  const { name, version, id } = head;
  if (own.size > 0) return ownHeadText(head, own);
  const told = `{"model_name":${quoted(name)},"model_version":${quoted(version)},`;
  return id === undefined ? told : `${told}"id":${JSON.stringify(id)},`;
}

const NONE: ReadonlySet<string> = new Set();

/** Names of models and outputs, as JSON: there are few, and each stands in every answer. */
const names = new Map<string, string>();
const MOST_NAMES = 256;

function quoted(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const text = JSON.stringify(name);
  if (names.size < MOST_NAMES) names.set(name, text);
  return text;
}

function ownHeadText({ name, version, id }: AnswerHead, own: ReadonlySet<string>): string {
  const members = Object.entries({ model_name: name, model_version: version, id });
  const told = members.filter(([key, value]) => value !== undefined && !own.has(key));
  return `{${told.map(([key, value]) => `"${key}":${JSON.stringify(value)},`).join("")}`;
}

/** An output as clients see it. */
export function outputOf(
  payload: Payload,
  { face, tensor, choice }: { face: ModelFace; tensor: FaceTensor; choice: OutputChoice },
): Lying {
  const rowsFirst = lyingOf(payload, face, tensor);
  if (choice.classes > 0) return classified(rowsFirst, choice.classes, choice.path);
  return tensor.axis === null ? firstRow(rowsFirst) : rowsAt(rowsFirst, tensor.axis);
}

function lyingOf(payload: Payload, face: ModelFace, { name, datatype }: FaceTensor): Lying {
  if (face.isAnyValue) {
    if (payload.kind === "tensors" || payload.form !== "json") throw missing(name);
    const { values } = payload;
    return { datatype, shape: [values.length], data: joinElements(values) };
  }
  const found = payload.kind === "tensors" && payload.tensors.find((one) => one.name === name);
  if (!found || found.datatype !== datatype) throw missing(name);
  return found;
}

function missing(name: string): DingError {
  return new DingError("task.invalid-result", `Cannot answer: the model gave no output "${name}"`);
}

function outputText(
  name: string,
  { datatype, shape, data }: Lying,
  { isBinary, path }: OutputChoice,
  binary: Uint8Array[],
): string {
  const told = `{"name":${quoted(name)},"datatype":"${datatype}","shape":[${shape.join(",")}],`;
  if (!isBinary) return `${told}"data":${writeElements(datatype, data, path)}}`;
  binary.push(data);
  return `${told}"parameters":{"binary_data_size":${data.length}}}`;
}

import { fault, isRecord, shown } from "./fault.ts";
import type { ModelFace } from "./model-face.ts";
import { flagAt, refuseSharedMemory, wholeAt } from "./parameters.ts";
import { recordAt } from "./request-document.ts";

/** An output as a request wants it. */
export interface OutputChoice {
  /** Among the model's outputs. */
  readonly index: number;
  /** As bytes behind the JSON, not in it. */
  readonly isBinary: boolean;
  /** So many of the highest values as text, in the place of the tensor; 0 for the tensor itself. */
  readonly classes: number;
  /** Of it in the request, for faults that show only in the answer. */
  readonly path: string;
}

/** Every output, in the model's order. */
export function allOutputs({ outputs }: ModelFace, isBinary: boolean): OutputChoice[] {
  return outputs.map((_, index) => ({ index, isBinary, classes: 0, path: `outputs[${index}]` }));
}

/** The outputs that a request names, in its order; all of them when it names none. */
export function chooseOutputs(given: unknown, face: ModelFace, isBinary: boolean): OutputChoice[] {
  if (given === undefined || given === null) return allOutputs(face, isBinary);
  if (!Array.isArray(given)) throw fault("outputs", `expected a list, got ${shown(given)}`);
  if (given.length === 0) return allOutputs(face, isBinary);
  const taken = new Set<number>();
  return given.map((output: unknown, at) => {
    const path = `outputs[${at}]`;
    if (!isRecord(output)) throw fault(path, `expected an object, got ${shown(output)}`);
    const index = face.outputs.findIndex(({ name }) => name === output["name"]);
    const namePath = `${path}.name`;
    if (index < 0) throw fault(namePath, unknownName(output["name"], face.outputs));
    if (taken.has(index)) throw fault(namePath, `${shown(output["name"])} is there twice`);
    taken.add(index);
    const parametersPath = `${path}.parameters`;
    const parameters = recordAt(output["parameters"], parametersPath);
    refuseSharedMemory(parameters, parametersPath);
    const { binary_data: own, classification } = parameters;
    return {
      index,
      isBinary: flagAt(own, `${parametersPath}.binary_data`) ?? isBinary,
      classes: wholeAt(classification, `${parametersPath}.classification`) ?? 0,
      path,
    };
  });
}

/** What to say of a name that is none of these. */
export function unknownName(name: unknown, known: readonly { name: string }[]): string {
  const names = known.map((one) => `"${one.name}"`).join(", ");
  return `expected one of ${names}, got ${shown(name)}`;
}

import { isRecord } from "../../core/is-record.ts";
import { fault, shown } from "./fault.ts";
import type { ModelFace, OutputChoice } from "./model-face.ts";
import { flagAt, refuseSharedMemory, wholeAt } from "./parameters.ts";
import { recordAt } from "./request-document.ts";

/** The outputs that a request names, in its order; all of them when it names none. */
export function chooseOutputs(
  given: unknown,
  face: ModelFace,
  isBinary: boolean,
): readonly OutputChoice[] {
  const all = isBinary ? face.allAsBytes : face.allAsJson;
  if (given === undefined || given === null) return all;
  if (!Array.isArray(given)) throw fault("outputs", `expected a list, got ${shown(given)}`);
  if (given.length === 0) return all;
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

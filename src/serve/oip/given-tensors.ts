import { isRecord } from "../../core/is-record.ts";
import { elementsFault } from "../../protocol/bytes-elements.ts";
import { DATATYPES } from "../../protocol/datatype.ts";
import { readElements } from "./elements-reader.ts";
import { fault, shown } from "./fault.ts";
import type { FaceTensor, ModelFace } from "./model-face.ts";
import { unknownName } from "./output-choice.ts";
import { refuseSharedMemory, wholeAt } from "./parameters.ts";
import { recordAt, type JsonDocument } from "./request-document.ts";
import { countOf, readShape } from "./tensor-shape.ts";

/** A body: JSON, and the bytes of tensors behind it. */
export interface OipBody {
  readonly json: Uint8Array;
  readonly binary: Uint8Array;
}

/** A tensor of a request, its rows where clients see them. */
export interface GivenTensor {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
  /** Of it in the request. */
  readonly path: string;
}

/** The tensors of a request, in the order of the model's inputs; throws with the path of the first fault. */
export function readTensors(given: unknown, body: OipBody, face: ModelFace): GivenTensor[] {
  return new TensorReader(body, face).read(given);
}

class TensorReader {
  readonly #face: ModelFace;
  readonly #json: Uint8Array;
  readonly #binary: Uint8Array;
  #taken = 0;

  constructor({ json, binary }: OipBody, face: ModelFace) {
    this.#face = face;
    this.#json = json;
    this.#binary = binary;
  }

  /** In the order of the model's inputs. */
  read(given: unknown): GivenTensor[] {
    const { inputs } = this.#face;
    if (!Array.isArray(given)) throw fault("inputs", `expected a list, got ${shown(given)}`);
    const tensors = inputs.map((): GivenTensor | undefined => undefined);
    for (let at = 0; at < given.length; at++) {
      const path = `inputs[${at}]`;
      const input: unknown = given[at];
      if (!isRecord(input)) throw fault(path, `expected an object, got ${shown(input)}`);
      const name = input["name"];
      const index = inputs.findIndex((one) => one.name === name);
      if (index < 0) throw fault(`${path}.name`, unknownName(name, inputs));
      if (tensors[index]) throw fault(`${path}.name`, `${shown(name)} is there twice`);
      tensors[index] = this.#readOne(input, inputs[index] as FaceTensor, path);
    }
    const missing = tensors.indexOf(undefined);
    if (missing >= 0) throw fault("inputs", `"${inputs[missing]?.name}" is missing`);
    const left = this.#binary.length - this.#taken;
    if (left > 0) throw fault("inputs", `${left} bytes follow the last input`);
    return tensors as GivenTensor[];
  }

  #readOne(input: JsonDocument, tensor: FaceTensor, path: string): GivenTensor {
    const { datatype } = tensor;
    if (input["datatype"] !== datatype) {
      throw fault(`${path}.datatype`, `expected ${datatype}, got ${shown(input["datatype"])}`);
    }
    const shape = readShape(input["shape"], tensor, `${path}.shape`);
    const count = countOf(shape, `${path}.shape`);
    const parametersPath = `${path}.parameters`;
    const parameters = recordAt(input["parameters"], parametersPath);
    refuseSharedMemory(parameters, parametersPath);
    const sizePath = `${parametersPath}.binary_data_size`;
    const size = wholeAt(parameters["binary_data_size"], sizePath);
    const data = input["data"];
    if (size === undefined) {
      if (data === undefined) throw fault(`${path}.data`, "there is none");
      const told = { datatype, shape, count };
      const where = { path: `${path}.data`, mostElements: this.#json.length };
      return { shape, path, data: readElements(data, told, where) };
    }
    if (data !== undefined) throw fault(`${path}.data`, "the tensor has binary_data_size too");
    const bytes = this.#take(size, sizePath);
    const why = bytesFault(bytes, tensor, count);
    if (why !== undefined) throw fault(sizePath, why);
    return { shape, path, data: bytes };
  }

  #take(size: number, path: string): Uint8Array {
    const left = this.#binary.length - this.#taken;
    if (size > left) throw fault(path, `it says ${size} bytes, ${left} are left`);
    this.#taken += size;
    return this.#binary.subarray(this.#taken - size, this.#taken);
  }
}

/** Why these bytes are not so many elements, as words. */
export function bytesFault(
  bytes: Uint8Array,
  { datatype }: Pick<FaceTensor, "datatype">,
  count: number,
): string | undefined {
  if (datatype === "BYTES") return elementsFault(bytes, count);
  const expected = count * DATATYPES[datatype].bytes;
  if (bytes.length === expected) return undefined;
  return `expected ${expected} bytes for ${count} elements, got ${bytes.length}`;
}

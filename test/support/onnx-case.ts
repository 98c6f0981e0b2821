import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger, type Logger } from "../../src/core/log.ts";
import { bytesOf, DATATYPES, elementsOf, type Datatype } from "../../src/protocol/datatype.ts";
import { sizeOf, type TensorData } from "../../src/protocol/tensor.ts";
import type { NamedTensor } from "../../src/serve/inference.ts";
import { onnxPlugin } from "../../src/serve/onnx/onnx-plugin.ts";
import { textElements } from "../../src/protocol/bytes-elements.ts";
import { textsOf } from "../../src/serve/onnx/strings.ts";
import type { LoadedModel, PredictContext } from "../../src/serve/plugin/model-plugin.ts";
import { ROOT } from "./runtimes.ts";
import { tempFolder } from "./temp-folder.ts";

/** What runs an .onnx file: onnxruntime-node beside it, or nothing but the wasm in the program. */
export const ONNX_RUNTIMES = ["node", "wasm"] as const;
export type OnnxRuntime = (typeof ONNX_RUNTIMES)[number];

/** A folder with an .onnx file, and onnxruntime-node beside it if told so. */
export async function onnxFolder(model: Uint8Array | string, runtime: OnnxRuntime = "node") {
  const folder = await tempFolder();
  const file = await folder.write("model.onnx", model);
  if (runtime === "node") {
    await folder.write("node_modules/.keep", "");
    const modules = join(ROOT, "node_modules/onnxruntime-node");
    await symlink(modules, folder.file("node_modules/onnxruntime-node"));
  }
  return { folder, file };
}

/** An .onnx model as a worker has it, closed at the end of the block. */
export interface LoadedOnnx extends AsyncDisposable {
  readonly model: LoadedModel;
  /** Runs rows of tensors; gives the outputs by name. */
  predict(
    inputs: Readonly<Record<string, Elements>>,
    rows: number,
  ): Promise<Record<string, { shape: readonly number[]; data: TensorData | string[] }>>;
}

/** The elements of all rows, and the shape of a row where it is not a flat list. */
export type Elements = TensorData | string[] | { data: TensorData | string[]; tail: number[] };

/** Loads a model as a worker on the CPU, or on a made-up GPU 0, would. */
export async function loadOnnx(
  model: Uint8Array | string,
  { runtime = "node", log = silentLogger, deviceId = -1 }: LoadOptions = {},
): Promise<LoadedOnnx> {
  const { folder, file } = await onnxFolder(model, runtime);
  await using stack = new AsyncDisposableStack();
  stack.use(folder);
  const ctx = onnxContext({ log, deviceId });
  const loaded = await (await onnxPlugin(file)).load(ctx);
  stack.defer(() => loaded.close?.() as Promise<void>);
  const kept = stack.move();
  return {
    model: loaded,
    async predict(inputs, rows) {
      const tensors = Object.entries(inputs).map(([name, elements]) =>
        tensorOf(name, elements, { rows, datatype: loaded.input?.[name]?.datatype ?? "FP32" }),
      );
      const outputs = await loaded.predictTensors?.(tensors, rows, ctx);
      return Object.fromEntries((outputs ?? []).map((output) => [output.name, told(output)]));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface LoadOptions {
  runtime?: OnnxRuntime;
  log?: Logger;
  deviceId?: number;
}

function onnxContext({ log, deviceId }: { log: Logger; deviceId: number }): PredictContext {
  return {
    device: deviceId < 0 ? "cpu" : "cuda",
    deviceId,
    workerId: "w0",
    name: "model",
    version: "1",
    modelDir: "",
    modelName: undefined,
    tmpDir: "",
    batchSize: 32,
    gpuMemoryFraction: 1,
    log,
    recordStatistic() {},
    signal: new AbortController().signal,
    parameters: {},
    shapes: [],
  };
}

function tensorOf(
  name: string,
  elements: Elements,
  { rows, datatype }: { rows: number; datatype: Datatype },
): NamedTensor {
  const data = "data" in elements ? elements.data : elements;
  const tail = "tail" in elements ? elements.tail : [data.length / rows];
  if (sizeOf(tail) * rows !== data.length) throw new Error(`"${name}" has ${data.length} elements`);
  const bytes = Array.isArray(data) ? textElements(data) : bytesOf(data);
  if (!(datatype in DATATYPES)) throw new Error(`No datatype "${datatype}"`);
  return { name, datatype, shape: [rows, ...tail], data: bytes };
}

function told({ name, datatype, shape, data }: NamedTensor) {
  return { shape, data: datatype === "BYTES" ? textsOf(data, name) : elementsOf(datatype, data) };
}

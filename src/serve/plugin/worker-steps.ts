import { CONTEXT, HardWorker, workerLogger } from "./hard-worker.ts";
import type { ModelContext } from "./model-plugin.ts";
import type { BatchStep, LoadedSteps, ModelSteps } from "./steps.ts";

type Method = (...args: unknown[]) => unknown;

/** A worker in the ancestor's three steps: an instance of a class, or an object with these methods. */
export type WorkerObject = Partial<Record<string, unknown>>;

/** Names of methods, and how Python writes them. */
const METHODS = {
  getEnv: "get_env",
  getModel: "get_model",
  load: "load",
  getPreprocess: "get_preprocess",
  getPostprocess: "get_postprocess",
  predict: "predict",
  generate: "generate",
  batching: "batching",
  close: "close",
} as const;

/** Is it written in the ancestor's steps, rather than as a definition? */
export function hasWorkerSteps(value: object): boolean {
  const worker = value as WorkerObject;
  const { getEnv, getModel } = METHODS;
  return ["getEnv", "getModel", getEnv, getModel].some(
    (name) => typeof worker[name] === "function",
  );
}

/** Does it load a model, or is it a worker without one? */
export function loadsModel(worker: WorkerObject): boolean {
  const inherited: unknown = Object.getOwnPropertyDescriptor(
    HardWorker.prototype,
    "getModel",
  )?.value;
  return ["getModel", METHODS.getModel, "load"].some(
    (name) => typeof worker[name] === "function" && worker[name] !== inherited,
  );
}

/** The steps of a worker. */
export function workerSteps(worker: WorkerObject): ModelSteps {
  return {
    input: worker["input"],
    output: worker["output"],
    warmup: worker["warmup"],
    maxBatchSize: worker["maxBatchSize"] ?? worker["max_batch_size"],
    load: (ctx) => load(worker, ctx),
  };
}

async function load(worker: WorkerObject, ctx: ModelContext): Promise<LoadedSteps> {
  introduce(worker, ctx);
  const call = (name: keyof typeof METHODS, ...args: unknown[]): unknown =>
    methodOf(worker, name)?.apply(worker, args);
  const envs: unknown = await call("getEnv", ctx.deviceId, ctx.tmpDir, ctx);
  const preprocess = (await call("getPreprocess", envs)) as BatchStep | undefined;
  const postprocess = (await call("getPostprocess", envs)) as BatchStep | undefined;
  const { modelDir, modelName, tmpDir } = ctx;
  const model: unknown = methodOf(worker, "getModel")
    ? await call("getModel", envs, modelDir, modelName, tmpDir, ctx)
    : await call("load", ctx);
  const step = (name: "predict" | "generate"): BatchStep | undefined =>
    methodOf(worker, name) && ((batch, batchCtx) => call(name, model, batch, batchCtx));
  return {
    model,
    batching:
      methodOf(worker, "batching") && ((items, batchCtx) => call("batching", items, batchCtx)),
    preprocess: typeof preprocess === "function" ? preprocess : undefined,
    predict: step("predict"),
    postprocess: typeof postprocess === "function" ? postprocess : undefined,
    generate: step("generate"),
    close: methodOf(worker, "close") && (() => call("close")),
  };
}

function methodOf(worker: WorkerObject, name: keyof typeof METHODS): Method | undefined {
  // The class that is extended has the names as they are written here: what is written as in Python is the worker's own.
  const python = worker[METHODS[name]];
  const method = typeof python === "function" ? python : worker[name];
  return typeof method === "function" ? (method as Method) : undefined;
}

/** Gives it what the ancestor's workers have: attributes, `recordStatistic` and `newLogger`, also where nothing is extended. */
function introduce(worker: WorkerObject, ctx: ModelContext): void {
  if (!Object.isExtensible(worker)) return;
  (worker as Partial<HardWorker>)[CONTEXT] = ctx;
  const { workerId, deviceId, batchSize, modelDir, modelName, tmpDir, gpuMemoryFraction } = ctx;
  const attributes: WorkerObject = {
    workerId,
    worker_id: workerId,
    deviceId,
    device_id: deviceId,
    device: ctx.device,
    batchSize,
    batch_size: batchSize,
    modelDir,
    model_dir: modelDir,
    modelName,
    model_name: modelName,
    tmpDir,
    tmp_dir: tmpDir,
    gpuMemoryFraction,
    gpu_memory_fraction: gpuMemoryFraction,
    name: ctx.name,
    version: ctx.version,
  };
  const { recordStatistic } = ctx;
  const newLogger = (): unknown => workerLogger(ctx);
  const inherited: WorkerObject = {
    recordStatistic,
    record_statistic: recordStatistic,
    newLogger,
    new_logger: newLogger,
  };
  for (const [name, value] of Object.entries({ ...attributes, ...inherited })) {
    // What it has is its own; what it has only a getter for, stays as it is.
    if (worker[name] === undefined) Reflect.set(worker, name, value);
  }
}

import { DingError } from "../../core/errors.ts";
import { importModule, placeOf } from "../../runtime/modules.ts";
import type { LoadedModel, ModelContext, ModelPlugin } from "../plugin/model-plugin.ts";
import { pluginOf } from "../plugin/plugin-of.ts";
import { routesOf } from "../plugin/plugin-routes.ts";
import { jsonSchemaOf } from "../../plugin/schema.ts";
import type { ModelReport, WorkerSetUp } from "../worker-protocol.ts";
import type { Engine } from "./engine.ts";
import { wordsOf } from "./failure.ts";
import { ItemEngine } from "./item-engine.ts";
import { TensorEngine } from "./tensor-engine.ts";
import { warmer } from "./warmer.ts";

/** A model that is ready. */
export interface ReadyModel {
  readonly model: LoadedModel;
  /** Undefined for a model that only streams. */
  readonly engine: Engine | undefined;
  /** Has its plugin routes for the server's process? */
  readonly hasRoutes: boolean;
}

/** Imports, loads and warms up; rejects with a DingError that says which of it failed, and where. */
export async function loadModel(setUp: WorkerSetUp, context: ModelContext): Promise<ReadyModel> {
  const { plugin, hasRoutes } = await importPlugin(setUp);
  const model = await step(setUp, "", () => plugin.load(context));
  const engine = engineOf(model, context);
  await step(setUp, "its warm-up failed: ", () => model.warmUp?.(warmer(engine, model, context)));
  return { model, engine, hasRoutes };
}

/** What the server is told of a model. */
export function reportOf(
  { model, engine, hasRoutes }: ReadyModel,
  { device }: WorkerSetUp,
): Omit<ModelReport, "loadMs" | "sharesMemory"> {
  return {
    platform: model.platform,
    input: model.input,
    output: model.output,
    inputSchema: jsonSchemaOf(model.inputSchema, "input"),
    outputSchema: jsonSchemaOf(model.outputSchema, "output"),
    streams: model.generate !== undefined,
    predicts: engine !== undefined,
    maxBatchSize: model.maxBatchSize,
    routes: hasRoutes,
    device: device < 0 ? "cpu" : `cuda:0 (GPU ${device} of this machine)`,
  };
}

async function importPlugin({
  plugin: path,
  exportName,
}: WorkerSetUp): Promise<{ plugin: ModelPlugin; hasRoutes: boolean }> {
  if (path.endsWith(".onnx")) {
    const { onnxPlugin } = await import("../onnx/onnx-plugin.ts");
    return { plugin: await onnxPlugin(path), hasRoutes: false };
  }
  const module = await importModule(path);
  try {
    const plugin = pluginOf(module, { path, exportName });
    return { plugin, hasRoutes: routesOf(module, exportName) !== undefined };
  } catch (thrown) {
    throw placed(thrown, path);
  }
}

/** With the place of what the plugin's constructor threw. */
function placed(thrown: unknown, plugin: string): unknown {
  if (!(thrown instanceof DingError) || thrown.cause === undefined) return thrown;
  const { code, message, hint, details, cause } = thrown;
  const place = placeOf(cause, plugin);
  return new DingError(code, message, { hint, details: { ...details, ...place }, cause });
}

function engineOf(model: LoadedModel, context: ModelContext): Engine | undefined {
  const options = { model, context };
  if (model.predictTensors) return new TensorEngine(options, model.predictTensors);
  return model.predict ? new ItemEngine(options) : undefined;
}

/** What a model's own code does. */
async function step<T>(setUp: WorkerSetUp, what: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    throw modelError(setUp, what, thrown);
  }
}

/** Of what a model's code threw while it was loaded: its words, and its place in the source. */
export function modelError(
  { name, plugin }: WorkerSetUp,
  what: string,
  thrown: unknown,
): DingError {
  if (thrown instanceof DingError && thrown.code.startsWith("plugin.")) return thrown;
  const message = `Cannot load model "${name}": ${what}${wordsOf(thrown)}`;
  return new DingError("plugin.invalid", message, {
    cause: thrown,
    hint: thrown instanceof DingError ? thrown.hint : undefined,
    // `return readFileSync(file)` leaves no line of its own on the stack: then the file stands alone.
    details: { path: plugin, file: plugin, ...placeOf(sourceOf(thrown), plugin) },
  });
}

/** Of an error that says what the model threw, that. */
function sourceOf(thrown: unknown): unknown {
  return thrown instanceof DingError && thrown.cause !== undefined ? thrown.cause : thrown;
}

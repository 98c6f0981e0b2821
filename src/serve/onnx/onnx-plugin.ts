import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { DingError } from "../../core/errors.ts";
import type { LoadedModel, ModelContext, ModelPlugin } from "../plugin/model-plugin.ts";
import { onnxProviders } from "../plugin/onnx-providers.ts";
import { OnnxModel } from "./onnx-model.ts";
import { openSession } from "./open-session.ts";
import { settlePlan } from "./settle-plan.ts";

/** How a model without a plugin is run. */
export interface OnnxPluginOptions {
  /** Threads of one run in onnxruntime-node; default 1, as workers run beside each other. The wasm has one. */
  readonly threads?: number;
}

/** An .onnx file as a plugin. Rejects with plugin.not-found when there is no such file; a broken one fails to load with plugin.invalid. */
export async function onnxPlugin(
  file: string,
  { threads = 1 }: OnnxPluginOptions = {},
): Promise<ModelPlugin> {
  const path = resolve(file);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    const why = found ? "it is no file" : "no such file";
    throw new DingError("plugin.not-found", `Cannot load model "${file}": ${why}`, {
      hint:
        path === file ? "Name a file that is there, such as ./model.onnx." : `Looked at ${path}.`,
    });
  }
  return { load: (ctx) => loadOnnx(path, { ctx, threads }) };
}

async function loadOnnx(
  file: string,
  { ctx, threads }: { ctx: ModelContext; threads: number },
): Promise<LoadedModel> {
  const gpuProviders = ctx.deviceId < 0 ? undefined : onnxProviders(ctx);
  const session = await openSession(file, { gpuProviders, threads, log: ctx.log });
  const { plan, whyAlone } = await settlePlan(session);
  const model = new OnnxModel(session, plan);
  const { runtime, leftOut } = session;
  for (const output of leftOut) {
    const hint = "export the model without it, as with skl2onnx's zipmap=False";
    ctx.log.warn(`Output "${output}" is left out: it is a map or a sequence, no tensor`, { hint });
  }
  if (whyAlone === undefined) ctx.log.debug("the ONNX model is loaded", { runtime, ...plan });
  else ctx.log.info(`Items run one at a time: ${whyAlone}`, { model: file, runtime });
  return {
    platform: "onnxruntime_onnx",
    input: model.input,
    output: model.output,
    maxBatchSize: model.maxRows,
    predictTensors: (inputs, rows) => model.predict(inputs, rows),
    close: () => session.release(),
  };
}

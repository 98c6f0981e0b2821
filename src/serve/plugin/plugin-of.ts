import { DingError } from "../../core/errors.ts";
import { instanceOf, isClass } from "../../plugin/exported-class.ts";
import type { ModelDefinition } from "./define-model.ts";
import { definitionSteps } from "./definition-steps.ts";
import type { ModelPlugin } from "./model-plugin.ts";
import { stepsModel } from "./steps-model.ts";
import type { ModelSteps } from "./steps.ts";
import { hasWorkerSteps, loadsModel, workerSteps, type WorkerObject } from "./worker-steps.ts";

/** Which export of which file is a plugin. */
export interface PluginName {
  readonly path: string;
  /** "default" when nobody named one: then an export called Worker will do as well, or the module itself. */
  readonly exportName: string;
}

/**
 * The model that a module exports: a class or an object in the ancestor's three
 * steps, a `defineModel`, or a function (inputs, ctx) => outputs. Throws plugin.invalid.
 */
export function pluginOf(module: Record<string, unknown>, name: PluginName): ModelPlugin {
  const { path, exportName } = name;
  const exported = exportedBy(module, exportName);
  const steps = stepsOf(exported, path);
  if (steps) return stepsModel(steps, path);
  const found = Object.keys(module).join(", ") || "nothing";
  const what = exportName === "default" ? "" : ` has no model named "${exportName}"`;
  const why = what ? `it${what}, it exports ${found}` : `it exports ${found}`;
  throw new DingError("plugin.invalid", `Cannot use plugin "${path}": ${why}`, {
    hint: "Export as default a defineModel({ load, predict }), a class Worker extends HardWorker, or a function (inputs, ctx) => outputs.",
    details: { path },
  });
}

/** What a module exports under this name; without a default also what was surely meant. */
export function exportedBy(module: Record<string, unknown>, exportName: string): unknown {
  return exportName === "default" ? defaultOf(module) : module[exportName];
}

function defaultOf(module: Record<string, unknown>): unknown {
  if (module["default"] !== undefined) return module["default"];
  if (module["Worker"] !== undefined) return module["Worker"];
  return typeof module["predict"] === "function" ? { ...module } : undefined;
}

function stepsOf(exported: unknown, path: string): ModelSteps | undefined {
  if (typeof exported === "function") {
    if (isClass(exported, "predict")) {
      const worker = instanceOf(exported, path) as WorkerObject;
      if (!loadsModel(worker) && takesInputsOnly(worker["predict"])) throw onlyInputsError(path);
      return workerSteps(worker);
    }
    const predict = exported as (inputs: unknown, ctx: unknown) => unknown;
    return definitionSteps({ predict: (_model, inputs, ctx) => predict(inputs, ctx) as never });
  }
  if (typeof exported !== "object" || exported === null) return undefined;
  if (hasWorkerSteps(exported)) return workerSteps(exported as WorkerObject);
  const { load, predict, generate } = exported as Partial<ModelDefinition>;
  if (typeof predict !== "function" && typeof generate !== "function") return undefined;
  if (load === undefined && takesInputsOnly(predict)) throw onlyInputsError(path);
  return definitionSteps(exported as ModelDefinition<unknown>);
}

function takesInputsOnly(predict: unknown): boolean {
  return typeof predict === "function" && predict.length === 1;
}

/** What it takes for its inputs would be the model, which there is none of. */
function onlyInputsError(path: string): DingError {
  const why = "its predict takes one parameter, and there is no load";
  return new DingError("plugin.invalid", `Cannot use plugin "${path}": ${why}`, {
    hint: "Let it take (model, inputs, ctx), or export as default a function (inputs, ctx) => outputs.",
    details: { path },
  });
}

import { DingError } from "../core/errors.ts";
import { instanceOf, isClass } from "../plugin/exported-class.ts";
import { isSchema, type StandardSchema } from "../plugin/schema.ts";
import type { TaskContext } from "./context.ts";

/** What a slave may do besides its tasks; any method may be async. */
export interface SlaveHooks {
  /** Checks a task's data before it is accepted; `processTask` gets what it returns. */
  readonly schema?: StandardSchema | undefined;
  /** Throw TaskRefuse to refuse the task. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a plugin says itself what its tasks are
  beforeTask?(task: any): unknown;
  /** Throw ConnectionRefuse to refuse a master; `data` is what its beforeConnect gave. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  beforeConnection?(data: any): unknown;
  /** Throw DisconnectionRefuse to keep the master connected. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  beforeDisconnection?(data: any): unknown;
  /** The master went away without a goodbye. */
  lostConnection?(address: string, error: Error): unknown;
}

/** What a slave does with tasks. Only `processTask` is needed. */
export interface SlavePlugin extends SlaveHooks {
  /** The result crosses to the master unchanged; throw TaskFail to fail with a result. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  processTask(task: any, ctx: TaskContext): unknown;
}

/** The hooks that concern the connection, and are not asked for when a plugin lacks them. */
export const CONNECTION_HOOKS = [
  "beforeConnection",
  "beforeDisconnection",
  "lostConnection",
] as const;

/** One of them. */
export type ConnectionHook = (typeof CONNECTION_HOOKS)[number];

/** Says that an object is a slave's plugin, and has its types checked. */
export function defineSlave<const P extends SlavePlugin>(plugin: P): P {
  return plugin;
}

/** The plugin that a module exports: a class, an object or a function as default, or `processTask` by name. */
export function pluginOf(module: Record<string, unknown>, path: string): SlavePlugin {
  const exported = module["default"] ?? (module["processTask"] ? module : undefined);
  if (typeof exported === "function" && !isClass(exported, "processTask")) {
    return { processTask: exported as SlavePlugin["processTask"] };
  }
  const plugin =
    typeof exported === "function" ? instanceOf(exported as new () => object, path) : exported;
  if (typeof (plugin as Partial<SlavePlugin> | undefined)?.processTask === "function") {
    return withSchema(plugin as SlavePlugin, path);
  }
  const found = Object.keys(module).join(", ") || "nothing";
  throw new DingError("plugin.invalid", `Cannot use plugin "${path}": it exports ${found}`, {
    hint: "Export as default a function (task, ctx) => result, a class with processTask, or defineSlave({ processTask }).",
    details: { path },
  });
}

/** A schema that cannot be asked would refuse every task, with a riddle. */
function withSchema(plugin: SlavePlugin, path: string): SlavePlugin {
  if (plugin.schema === undefined || isSchema(plugin.schema)) return plugin;
  throw new DingError("plugin.invalid", `Cannot use plugin "${path}": its schema is no schema`, {
    hint: "Use zod 3.24 or later, or any library that follows Standard Schema v1.",
    details: { path },
  });
}

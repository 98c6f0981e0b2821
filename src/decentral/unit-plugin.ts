import { DingError } from "../core/errors.ts";
import { instanceOf, isClass } from "../plugin/exported-class.ts";
import type { NamedExport } from "../plugin/named-export.ts";
import type { RoundContext, UnitContext, WorkContext } from "./unit-context.ts";

/** Does it find its jobs itself ("loop"), or is it given them ("work")? */
export type UnitKind = "loop" | "work";

/** The steps of one unit, whatever they are called in its module. */
export interface UnitSteps {
  getModel(ctx: UnitContext): unknown;
  offModel(model: unknown): unknown;
  /** Of kind "loop". */
  doWork(model: unknown, ctx: RoundContext): unknown;
  /** Of kind "work". */
  work(job: unknown, ctx: WorkContext): unknown;
}

/** What a module exports for units. */
export interface UnitPlugin {
  readonly kind: UnitKind;
  /** The steps of a new unit: of an instance of its own, where the module exports a class. */
  create(): UnitSteps;
}

type Method = (...args: unknown[]) => unknown;

/** Names of methods, and how Python writes them. */
const METHODS = {
  getModel: "get_model",
  doWork: "do_work",
  offModel: "off_model",
  work: "work",
} as const;

/** The plugin that a module exports. Throws plugin.invalid. */
export function unitPluginOf(
  module: Record<string, unknown>,
  { plugin: path, exportName }: NamedExport,
): UnitPlugin {
  const exported = exportName === "default" ? meant(module) : module[exportName];
  const create = (): object =>
    typeof exported === "function"
      ? instanceOf(exported as new () => object, path)
      : (exported as object);
  const isUsable = typeof exported === "object" && exported !== null;
  if (!isUsable && !(typeof exported === "function" && isUnitClass(exported))) {
    throw notAUnit(module, { path, exportName });
  }
  const methods = typeof exported === "function" ? (exported.prototype as object) : create();
  const kind = kindOf(methods) ?? kindOf(create());
  if (!kind) throw nothingToDo(path, exportName);
  return { kind, create: () => stepsOf(create()) };
}

/** What was surely meant where nothing is the default: the module itself, or the one class in it. */
function meant(module: Record<string, unknown>): unknown {
  if (module["default"] !== undefined) return module["default"];
  if (kindOf(module)) return { ...module };
  const classes = Object.values(module).filter((one) => typeof one === "function");
  const units = classes.filter((one) => kindOf((one.prototype as object | undefined) ?? {}));
  return units.length === 1 ? units[0] : undefined;
}

function isUnitClass(value: object): boolean {
  return isClass(value, "doWork") || isClass(value, "do_work") || isClass(value, "work");
}

function kindOf(unit: object): UnitKind | undefined {
  if (methodOf(unit, "doWork")) return "loop";
  return methodOf(unit, "work") ? "work" : undefined;
}

function stepsOf(unit: object): UnitSteps {
  const call = (name: keyof typeof METHODS, args: unknown[]): unknown =>
    methodOf(unit, name)?.apply(unit, args);
  return {
    getModel: (ctx) => {
      const { ip, port, portOut } = ctx;
      // Python's unit is told by place where its server is.
      const isByPlace = isPython(unit, "getModel") && (methodOf(unit, "getModel")?.length ?? 0) > 1;
      return call("getModel", isByPlace ? [ip, port, portOut, ctx] : [ctx]);
    },
    offModel: (model) => call("offModel", [model]),
    doWork: (model, ctx) => call("doWork", [model, isPython(unit, "doWork") ? asLogger(ctx) : ctx]),
    work: (job, ctx) => call("work", [job, ctx]),
  };
}

/** `do_work(model, logger)`: the context, with the methods of the ancestor's logger. */
function asLogger(ctx: RoundContext): RoundContext {
  const { log } = ctx;
  const say = (level: "debug" | "info" | "warn" | "error") => (message: unknown) =>
    log[level](String(message));
  const logger = {
    debug: say("debug"),
    info: say("info"),
    warning: say("warn"),
    warn: say("warn"),
  };
  return Object.assign(Object.create(ctx) as RoundContext, { ...logger, error: say("error") });
}

function isPython(unit: object, name: keyof typeof METHODS): boolean {
  const python = METHODS[name];
  return python !== name && typeof (unit as Record<string, unknown>)[python] === "function";
}

function methodOf(unit: object, name: keyof typeof METHODS): Method | undefined {
  const methods = unit as Record<string, unknown>;
  const method = isPython(unit, name) ? methods[METHODS[name]] : methods[name];
  return typeof method === "function" ? (method as Method) : undefined;
}

const HINT =
  "Export as default a class with doWork(model, ctx), or defineUnit({ work(job, ctx) { … } }).";

function notAUnit(
  module: Record<string, unknown>,
  { path, exportName }: { path: string; exportName: string },
): DingError {
  const found = Object.keys(module).join(", ") || "nothing";
  const what = exportName === "default" ? "" : ` nothing usable named "${exportName}",`;
  const why = what === "" ? `it exports ${found}` : `it has${what} it exports ${found}`;
  return new DingError("plugin.invalid", `Cannot use plugin "${path}": ${why}`, {
    hint: HINT,
    details: { path },
  });
}

function nothingToDo(path: string, exportName: string): DingError {
  const what = exportName === "default" ? "it" : `its "${exportName}"`;
  return new DingError(
    "plugin.invalid",
    `Cannot use plugin "${path}": ${what} has neither doWork nor work`,
    { hint: HINT, details: { path } },
  );
}

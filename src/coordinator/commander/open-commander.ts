import { resolve } from "node:path";
import { DingError, messageOf } from "../../core/errors.ts";
import { importModule } from "../../runtime/modules.ts";
import type { RunSettings } from "../config/run-schema.ts";
import type { Commander, CommanderFactory } from "./commander.ts";
import { COMMANDERS, makeCommander } from "./make-commander.ts";

/** The commander of a run: a built-in one, one of a module, or one that the configuration makes itself. */
export async function openCommander(
  { main }: RunSettings,
  { folder, seed }: { folder: string; seed: number },
): Promise<Commander> {
  const { type, ...settings } = main.commander;
  const hasEvaluators = main.evaluator !== undefined;
  if (typeof type === "string" && (COMMANDERS as readonly string[]).includes(type)) {
    return makeCommander(type, { settings, seed, hasEvaluators });
  }
  const factory = typeof type === "string" ? await factoryOf(resolve(folder, type)) : type;
  try {
    return factory({ settings, seed, hasEvaluators });
  } catch (cause) {
    const message = `Cannot start: the commander cannot be made: ${messageOf(cause)}`;
    throw new DingError("plugin.invalid", message, { cause });
  }
}

async function factoryOf(path: string): Promise<CommanderFactory> {
  const module = await importModule(path);
  const factory = module["default"];
  if (typeof factory === "function") return factory as CommanderFactory;
  throw new DingError("plugin.invalid", `Cannot use commander "${path}": it exports no function`, {
    hint: "Export as default what defineCommander((options) => …) gives.",
  });
}

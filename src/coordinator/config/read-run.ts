import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import type { z } from "zod";
import { findJsonFault } from "../../config/json-fault.ts";
import { nearestName } from "../../config/suggest.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import { plansOf } from "../../replay/store/schema.ts";
import { settingsOf } from "../../replay/table-options.ts";
import { importModule } from "../../runtime/modules.ts";
import { oneVsOneSettings, soloSettings } from "./commander-settings.ts";
import { WORKER_ROLES } from "../plugin/worker-verbs.ts";
import type { RunConfig } from "./run-config.ts";
import { type RunSettings, runSchema } from "./run-schema.ts";

/** A configuration and where it came from. */
export interface ReadRun {
  config: RunConfig;
  settings: RunSettings;
  /** What relative paths in it count from. */
  folder: string;
}

/** Names under which modules export one. */
const EXPORTS = ["default", "config", "main_config"];

/** Reads a run's configuration: a module, or JSON. `usage.invalid-option` with the path of whatever cannot work. */
export async function readRun(path: string): Promise<ReadRun> {
  const file = resolve(path);
  if (!existsSync(file)) {
    throw new DingError("usage.invalid-option", `Cannot use --config: "${path}" is not there`, {
      hint: `Looked at ${file}.`,
    });
  }
  const value = /\.json$/i.test(file) ? readJson(path, file) : await readModule(path, file);
  const folder = dirname(file);
  const settings = checkRun(value, { name: path, folder });
  return { config: value as RunConfig, settings, folder };
}

/** A configuration with its defaults, or the first thing in it that cannot work. */
export function checkRun(
  value: unknown,
  { name, folder }: { name: string; folder: string },
): RunSettings {
  const parsed = runSchema.safeParse(value);
  if (!parsed.success) throw issueFault(parsed.error, "", name);
  const settings = parsed.data;
  checkCommander(settings, name, folder);
  checkAddresses(settings, name);
  checkReplay(settings, name);
  for (const role of ["collector", "learner", "evaluator"] as const) {
    const section = settings.main[role];
    if (!section) continue;
    const plugin = isAbsolute(section.plugin) ? section.plugin : resolve(folder, section.plugin);
    if (!existsSync(plugin)) {
      throw fault(name, `main.${role}.plugin`, `"${section.plugin}" is not there`);
    }
  }
  return settings;
}

function checkCommander({ main }: RunSettings, name: string, folder: string): void {
  const { type, ...settings } = main.commander;
  const schema =
    type === "solo" ? soloSettings : type === "oneVsOne" ? oneVsOneSettings : undefined;
  const parsed = schema?.safeParse(settings);
  if (parsed && !parsed.success) throw issueFault(parsed.error, "main.commander", name);
  if (schema || typeof type !== "string") return;
  if (/^(?:\.{0,2}\/|[A-Za-z]:\\)/.test(type)) {
    if (existsSync(resolve(folder, type))) return;
    throw fault(name, "main.commander.type", `"${type}" is not there`);
  }
  throw fault(name, "main.commander.type", `there is no commander "${type}"`, {
    hint: 'Take "solo" or "oneVsOne", or the path of a module, such as ./my-commander.ts.',
  });
}

/** Two workers of a role with one name would be one. */
function checkAddresses({ system: { coordinator } }: RunSettings, name: string): void {
  for (const role of WORKER_ROLES) {
    const seen = new Set<string>();
    for (const [key, [id]] of Object.entries(coordinator[role])) {
      const path = `system.coordinator.${role}.${key}[0]`;
      if (seen.has(id)) throw fault(name, path, `another ${role} is called "${id}"`);
      seen.add(id);
    }
  }
}

/** The room of the replay says what cannot work, and where in its own options. */
function checkReplay({ main: { replay } }: RunSettings, name: string): void {
  try {
    if (replay.schema) plansOf(replay.schema);
    const names = replay.tables.map((table, at) => settingsOf(table, `tables[${at}]`).name);
    const twice = names.findIndex((one, at) => names.indexOf(one) !== at);
    if (twice !== -1) {
      throw fault(name, `main.replay.tables[${twice}].name`, `"${names[twice]}" is there twice`);
    }
  } catch (thrown) {
    const { code, message, details, hint } = DingError.from(thrown);
    const { path } = details;
    if (code !== "usage.invalid-option" || typeof path !== "string") throw thrown;
    if (path.startsWith("main.")) throw thrown;
    const problem = message.slice(message.indexOf(": ") + 2);
    throw fault(name, `main.replay.${path}`, problem, { hint });
  }
}

function readJson(path: string, file: string): unknown {
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { line, column, reason } = findJsonFault(text);
    const place = `${path}:${line}:${column}`;
    throw new DingError("usage.invalid-option", `Cannot read ${place}: ${reason}`, { cause });
  }
}

async function readModule(path: string, file: string): Promise<unknown> {
  let module: Record<string, unknown>;
  try {
    module = await importModule(file);
  } catch (thrown) {
    const { details, cause } = DingError.from(thrown);
    const { line, column } = details;
    const place = typeof line === "number" ? `${path}:${line}:${String(column)}` : path;
    const message = `Cannot read ${place}: ${messageOf(cause ?? thrown)}`;
    throw new DingError("usage.invalid-option", message, { cause: thrown, details });
  }
  for (const name of EXPORTS) if (module[name] !== undefined) return module[name];
  if (module["main"] !== undefined) return module;
  throw new DingError("usage.invalid-option", `Cannot use ${path}: it exports no configuration`, {
    hint: "Export as default what defineRun({ main: { … } }) gives.",
  });
}

function issueFault(error: z.ZodError, under: string, name: string): DingError {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  if (issue?.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    const near = nearestName(key, KNOWN_KEYS);
    const isElsewhere = near === key && "It belongs to another section, or to another commander.";
    const hint = near === undefined ? undefined : isElsewhere || `Did you mean "${near}"?`;
    return fault(name, pathText(under, [...path, key]), "there is no such setting", {
      hint,
      error,
    });
  }
  const message = issue?.message ?? "not valid";
  const isMissing = issue?.code === "invalid_type" && message.endsWith("received undefined");
  const told = isMissing
    ? "it is missing"
    : `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  return fault(name, pathText(under, path), told, { error });
}

function fault(
  name: string,
  path: string,
  problem: string,
  { hint, error }: { hint?: string | undefined; error?: unknown } = {},
): DingError {
  const place = path === "" ? name : `${name}: ${path}`;
  return new DingError("usage.invalid-option", `Cannot use ${place}: ${problem}`, {
    hint,
    details: { path },
    cause: error,
  });
}

/** `main.replay.tables[0].maxSize` */
function pathText(under: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = part === "expName" ? "exp_name" : String(part);
    return text === "" ? name : `${text}.${name}`;
  }, under);
}

/** What a mistyped key may have been meant to be. */
const KNOWN_KEYS = [
  "main system coordinator exp_name seed commander collector learner evaluator replay weights",
  "plugin config needs tables schema keep maxPolicyLag onLag host port leaseTimeout drainTimeout toleranceTimeout",
  "dtype shape maxSize sampler remover maxUse maxStaleness limiter mode alpha beta annealSteps maxWaiters",
  "samplesPerInsert minSizeToSample minDiff maxDiff",
  "collectorTaskTimeout learnerTaskTimeout maxAttempts snapshotInterval operatorServer",
  Object.keys(oneVsOneSettings.shape).join(" "),
].flatMap((names) => names.split(" "));

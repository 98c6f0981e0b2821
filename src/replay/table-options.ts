import { checkCount, checkKeys, optionFault } from "./faults.ts";
import {
  checkRateLimiter,
  largestSampleOf,
  minSize,
  type RateLimiterOptions,
} from "./limiter/rate-limiter.ts";
import { DEFAULT_ALPHA } from "./selector/make-selector.ts";
import { SELECTOR_KINDS, type SelectorKind } from "./selector/selector.ts";

/** What becomes of an insert or a sample that the limiter does not let through now. */
export type LimiterMode = "block" | "drop" | "reject";

/** One table: which items it holds, which it gives, which it lets go of. */
export interface TableOptions {
  name: string;
  /** Items at most; one more, and the remover chooses which goes. */
  maxSize: number;
  /** Which items are sampled. Default "uniform". */
  sampler?: SelectorKind;
  /** Which item goes when the table is full. Default "fifo". */
  remover?: SelectorKind;
  /** After so many samples an item goes. Default Infinity. */
  maxUse?: number;
  /** No item is sampled that is older than this, in policy versions. Default Infinity. */
  maxStaleness?: number;
  /** Four numbers: `minSize(n)`, `sampleToInsertRatio({…})`, `queueLimit(n)`, or one's own. Default `minSize(1)`. */
  limiter?: RateLimiterOptions;
  /** Default "block". */
  mode?: LimiterMode;
  /** How much priorities count in a prioritized sampler or remover. Default 0.6. */
  alpha?: number;
  /** How far importance weights correct, at first; default 0.4. It rises to 1 … */
  beta?: number;
  /** … in so many samples. Default 100,000. */
  annealSteps?: number;
}

/** The options of a table with its defaults. */
export type TableSettings = Required<TableOptions>;

const NAMES = [
  "name",
  "maxSize",
  "sampler",
  "remover",
  "maxUse",
  "maxStaleness",
  "limiter",
  "mode",
  "alpha",
  "beta",
  "annealSteps",
] as const satisfies (keyof TableOptions)[];
const LIMITER_NAMES = [
  "samplesPerInsert",
  "minSizeToSample",
  "minDiff",
  "maxDiff",
] as const satisfies (keyof RateLimiterOptions)[];
const MODES: readonly string[] = ["block", "drop", "reject"];
const KINDS: readonly string[] = SELECTOR_KINDS;
const DEFAULT_BETA = 0.4;
const DEFAULT_ANNEAL_STEPS = 100_000;

/** Fills in defaults; `usage.invalid-option` with the path of what cannot work. */
export function settingsOf(options: TableOptions, path: string): TableSettings {
  checkKeys(path, options, NAMES);
  const settings: TableSettings = {
    name: options.name,
    maxSize: options.maxSize,
    sampler: options.sampler ?? "uniform",
    remover: options.remover ?? "fifo",
    maxUse: options.maxUse ?? Infinity,
    maxStaleness: options.maxStaleness ?? Infinity,
    limiter: options.limiter ?? minSize(1),
    mode: options.mode ?? "block",
    alpha: options.alpha ?? DEFAULT_ALPHA,
    beta: options.beta ?? DEFAULT_BETA,
    annealSteps: options.annealSteps ?? DEFAULT_ANNEAL_STEPS,
  };
  checkSettings(settings, path);
  return settings;
}

/** The settings of all tables; `usage.invalid-option` where there is none, or one name is there twice. */
export function tablesOf(tables: readonly TableOptions[]): TableSettings[] {
  if (!Array.isArray(tables) || tables.length === 0) throw optionFault("tables", "there is none");
  const settings = tables.map((table, at) => settingsOf(table as TableOptions, `tables[${at}]`));
  const names = settings.map(({ name }) => name);
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice === -1) return settings;
  throw optionFault(`tables[${twice}].name`, `"${names[twice]}" is there twice`);
}

/** How many a table ever gives at once. */
export function largestSample({ maxSize, maxUse, limiter }: TableSettings): number {
  return Math.min(maxSize * maxUse, largestSampleOf(limiter));
}

function checkSettings(settings: TableSettings, path: string): void {
  const { name, maxSize, maxUse, maxStaleness, limiter, mode, alpha, beta, annealSteps } = settings;
  if (typeof name !== "string" || name === "") throw optionFault(`${path}.name`, "it is empty");
  checkCount(`${path}.maxSize`, maxSize);
  if (maxSize > 2 ** 28) throw optionFault(`${path}.maxSize`, `${maxSize} is above 2^28`);
  for (const role of ["sampler", "remover"] as const) {
    const kind = settings[role];
    if (!KINDS.includes(kind)) {
      throw optionFault(`${path}.${role}`, `there is no "${kind}"`, `Take ${KINDS.join(", ")}.`);
    }
  }
  checkCount(`${path}.maxUse`, maxUse, { orInfinity: true });
  if (!(maxStaleness >= 0)) {
    throw optionFault(`${path}.maxStaleness`, `${maxStaleness} is not a number from 0 on`);
  }
  if (!MODES.includes(mode)) {
    throw optionFault(`${path}.mode`, `there is no "${mode}"`, "Take block, drop or reject.");
  }
  if (!(alpha >= 0 && alpha < Infinity)) {
    throw optionFault(`${path}.alpha`, `${alpha} is not a number from 0 on`);
  }
  if (!(beta >= 0 && beta <= 1)) throw optionFault(`${path}.beta`, `${beta} is not from 0 to 1`);
  checkCount(`${path}.annealSteps`, annealSteps);
  checkKeys(`${path}.limiter`, limiter, LIMITER_NAMES);
  checkRateLimiter(`${path}.limiter`, limiter);
  const { minSizeToSample, samplesPerInsert, maxDiff } = limiter;
  if (minSizeToSample > maxSize) {
    throw optionFault(
      `${path}.limiter.minSizeToSample`,
      `${minSizeToSample} is above the table's maxSize, ${maxSize}: nothing could ever be sampled`,
    );
  }
  if (samplesPerInsert > maxUse && maxDiff < Infinity) {
    throw optionFault(
      `${path}.limiter.samplesPerInsert`,
      `${samplesPerInsert} is above the table's maxUse, ${maxUse}: inserts would wait for samples that nobody may take`,
    );
  }
}

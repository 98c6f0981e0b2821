import { dialTls } from "../config/tls-files.ts";
import { DingError } from "../core/errors.ts";
import { chanceOf } from "./chance.ts";
import type { Level } from "./level.ts";
import type { LevelResult } from "./level-result.ts";
import type { LoadOptions } from "./options.ts";
import { prepareLoad, type PreparedLoad } from "./prepare.ts";
import { parseDuration, parseLevels } from "./ranges.ts";
import { runLevel } from "./run-level.ts";
import { dialTo } from "./target.ts";

/** What was measured, and how. */
export interface LoadReport {
  readonly url: string;
  readonly model: string | undefined;
  readonly format: LoadOptions["format"];
  /** Rows in each request. */
  readonly rows: number;
  readonly bodyBytes: number;
  /** As of ISO 8601. */
  readonly startedAt: string;
  readonly levels: readonly LevelResult[];
  /** Someone asked for the end before it was reached. */
  readonly isInterrupted: boolean;
}

/** Where a load stands. */
export interface LoadProgress {
  readonly level: Level;
  readonly at: number;
  readonly of: number;
  /** Of the whole run, 0 to 1. */
  readonly share: number;
  readonly answered: number;
}

/** What a load is run with. */
export interface LoadTools {
  readonly token: string | undefined;
  /** Ends it early: the levels that are whole are still reported. */
  readonly signal?: AbortSignal;
  readonly onPrepared?: (load: PreparedLoad, levels: readonly Level[]) => void;
  readonly onLevel?: (result: LevelResult) => void;
  readonly onProgress?: (progress: LoadProgress) => void;
}

const DEFAULT_CONCURRENCY = "1:32";

/** Loads a server level by level; rejects where nothing could be measured at all. */
export async function runLoad(options: LoadOptions, tools: LoadTools): Promise<LoadReport> {
  const levels = levelsOf(options);
  const times = {
    durationMs: atLeastOne(parseDuration(options.duration, "duration")),
    warmUpMs: parseDuration(options.warmUp, "warm-up"),
  };
  using stack = new DisposableStack();
  const tls = dialTls(options) ?? {};
  const startedAt = new Date().toISOString();
  const load = await prepareLoad(options, { token: tools.token, tls }, stack);
  tools.onPrepared?.(load, levels);
  const results: LevelResult[] = [];
  let before = 0;
  for (const [at, level] of levels.entries()) {
    const result = await untilAborted(
      runLevel(level, {
        ...times,
        dial: dialTo(load.url, tls),
        requests: load.requests,
        rows: load.rows,
        timeoutMs: options.timeoutMs,
        connections: options.connections,
        chance: chanceOf(options.seed + at),
        signal: tools.signal,
        serverTotals: load.totals,
        onProgress: (share, answered) =>
          tools.onProgress?.({
            level,
            at,
            of: levels.length,
            share: (at + share) / levels.length,
            answered: before + answered,
          }),
      }),
      tools.signal,
    );
    if (!result) break;
    before += result.requests;
    results.push(result);
    tools.onLevel?.(result);
  }
  return {
    url: load.url.href,
    model: load.model,
    format: options.format,
    rows: load.rows,
    bodyBytes: load.bodyBytes,
    startedAt,
    levels: results,
    isInterrupted: results.length < levels.length,
  };
}

/** Those of clients that wait for their answers, then those of requests that come anyway. */
function levelsOf({ concurrency, rate, distribution }: LoadOptions): Level[] {
  const clients = concurrency ?? (rate === undefined ? DEFAULT_CONCURRENCY : undefined);
  const closed = clients === undefined ? [] : parseLevels(clients, "concurrency", true);
  const open = rate === undefined ? [] : parseLevels(rate, "rate", false);
  return [
    ...closed.map((value) => ({ mode: "concurrency" as const, value })),
    ...open.map((value) => ({ mode: "rate" as const, value, distribution })),
  ];
}

function atLeastOne(durationMs: number): number {
  if (durationMs >= 1) return durationMs;
  throw new DingError("usage.invalid-option", "Cannot use --duration: it is too short", {
    hint: "Write --duration 5s, 500ms or 2m",
  });
}

/** Undefined when it was the signal that ended it. */
async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (signal?.aborted) return undefined;
    throw thrown;
  }
}

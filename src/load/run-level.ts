import { delay } from "../core/wait.ts";
import { ClosedLoop } from "./closed-loop.ts";
import type { Dial } from "./lane.ts";
import type { Level } from "./level.ts";
import { type LevelResult, resultOf } from "./level-result.ts";
import type { Loop, OnEnd } from "./loop.ts";
import { OpenLoop } from "./open-loop.ts";
import type { ServerTotals } from "./server-statistics.ts";
import { Tally } from "./tally.ts";

/** What a level is measured with. */
export interface LevelTools {
  readonly dial: Dial;
  readonly requests: readonly Uint8Array[];
  /** Rows in each request. */
  readonly rows: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly timeoutMs: number;
  /** Most connections of an open loop. */
  readonly connections: number;
  readonly chance: () => number;
  readonly signal?: AbortSignal | undefined;
  /** What the server has counted so far; undefined when it does not tell. */
  readonly serverTotals?: (() => Promise<ServerTotals | undefined>) | undefined;
  /** Now and then: how much of the level is over, 0 to 1, and the good answers so far. */
  readonly onProgress?: ((share: number, answered: number) => void) | undefined;
}

/** The measure is looked at in so many parts, to tell whether it was steady. */
const WINDOWS = 5;
const PROGRESS_MS = 100;
const MIN_GRACE_MS = 1_000;

/** Presses for a while, measures, and waits for the last answers; rejects with the signal's reason. */
export async function runLevel(level: Level, tools: LevelTools): Promise<LevelResult> {
  const { warmUpMs, durationMs, timeoutMs } = tools;
  let tally = new Tally(Infinity, Infinity, 1);
  using loop = loopOf(level, tools, (ended) => tally.add(ended, performance.now()));
  loop.start();
  const whole = { startedMs: performance.now(), ms: warmUpMs + durationMs };
  await pause(warmUpMs, { tools, whole, answered: () => 0 });
  const before = await tools.serverTotals?.();
  const fromMs = performance.now();
  const cpu = process.cpuUsage();
  tally = new Tally(fromMs, fromMs + durationMs, WINDOWS);
  await pause(durationMs, { tools, whole, answered: () => tally.answered });
  const { user, system } = process.cpuUsage(cpu);
  const generatorCpu = (user + system) / 1_000 / (performance.now() - fromMs);
  const after = await tools.serverTotals?.();
  await loop.finish(Math.min(timeoutMs, Math.max(durationMs, MIN_GRACE_MS)));
  const { rows } = tools;
  return resultOf(level, tally, { durationMs, rows, generatorCpu, before, after });
}

function loopOf(level: Level, tools: LevelTools, onEnd: OnEnd): Loop {
  if (level.mode === "concurrency") return new ClosedLoop(level.value, tools, onEnd);
  const { connections, chance } = tools;
  const { value: perSecond, distribution } = level;
  return new OpenLoop({ perSecond, distribution, connections, chance }, tools, onEnd);
}

async function pause(
  ms: number,
  {
    tools: { signal, onProgress },
    whole,
    answered,
  }: {
    tools: LevelTools;
    whole: { startedMs: number; ms: number };
    answered: () => number;
  },
): Promise<void> {
  const endMs = performance.now() + ms;
  for (;;) {
    const nowMs = performance.now();
    onProgress?.(Math.min(1, (nowMs - whole.startedMs) / whole.ms), answered());
    if (nowMs >= endMs) return;
    await delay(Math.min(PROGRESS_MS, endMs - nowMs), signal);
  }
}

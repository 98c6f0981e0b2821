import type { Compared } from "./row.ts";

/** Two ways to do the same; each gives its figure for one round. */
export interface Turns {
  limit: () => Promise<number>;
  real: () => Promise<number>;
  rounds: number;
  /** Rounds before the first that counts. */
  warmUps?: number;
}

/**
 * Runs both in turns, so that whatever else the machine does hits both alike.
 * The ratio is the median of the rounds' quotients; who goes first alternates.
 */
export async function inTurns({ limit, real, rounds, warmUps = 1 }: Turns): Promise<Compared> {
  const limits: number[] = [];
  const values: number[] = [];
  for (let round = -warmUps; round < rounds; round++) {
    const isLimitFirst = round % 2 === 0;
    const early = isLimitFirst ? await limit() : await real();
    const late = isLimitFirst ? await real() : await limit();
    if (round < 0) continue;
    limits.push(isLimitFirst ? early : late);
    values.push(isLimitFirst ? late : early);
  }
  const quotients = values.map((value, index) => value / limits[index]!);
  return { value: median(values), limit: median(limits), ratio: median(quotients) };
}

/** The middle one; of an even number, the upper of the two. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  if (middle === undefined) throw new Error("Cannot take the median of nothing");
  return middle;
}

/** The median time of one trip in microseconds, one after another. */
export async function tripMicros(count: number, trip: () => Promise<unknown>): Promise<number> {
  const micros: number[] = [];
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now();
    await trip();
    micros.push((performance.now() - startedMs) * 1000);
  }
  return median(micros);
}

/** How many jobs get done in a second, when every one of `runners` has `each` of them in flight. */
export async function jobsPerSecond<T>(
  runners: readonly T[],
  { total, each }: { total: number; each: number },
  job: (runner: T, index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const lane = async (runner: T): Promise<void> => {
    while (next < total) await job(runner, next++);
  };
  const startedMs = performance.now();
  const lanes = runners.flatMap((runner) => Array.from({ length: each }, () => lane(runner)));
  await Promise.all(lanes);
  return (total / (performance.now() - startedMs)) * 1000;
}

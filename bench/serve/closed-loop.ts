import { LogHistogram } from "../../src/telemetry/log-histogram.ts";

/** What a closed loop got. */
export interface Looped {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Lets each client ask again as soon as it has its answer, for a while. */
export async function closedLoop<C>(
  clients: readonly C[],
  durationMs: number,
  ask: (client: C) => Promise<unknown>,
): Promise<Looped> {
  const times = new LogHistogram();
  const startedMs = performance.now();
  const endMs = startedMs + durationMs;
  const run = async (client: C): Promise<void> => {
    for (let fromMs = performance.now(); fromMs < endMs;) {
      await ask(client);
      const nowMs = performance.now();
      times.record(nowMs - fromMs);
      fromMs = nowMs;
    }
  };
  await Promise.all(clients.map(run));
  const perSecond = (times.count * 1_000) / (performance.now() - startedMs);
  return { perSecond, p50Ms: times.quantile(0.5), p99Ms: times.quantile(0.99) };
}

import type { ModelFacts } from "../../../../src/serve/inference.ts";
import type { ServedVersion, ServerFacts } from "../../../../src/serve/page/server-facts.ts";
import { ServeStatistics } from "../../../../src/serve/page/statistics.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** Facts of a model that takes two numbers and gives one. */
export function modelFacts(changes: Partial<ModelFacts> = {}): ModelFacts {
  return {
    name: "sum",
    version: "1",
    state: "READY",
    reason: "",
    platform: "ding_plugin",
    batchSize: 8,
    input: { x: { datatype: "FP32", shape: [-1, 2] } },
    output: { y: { datatype: "FP32", shape: [-1, 1] } },
    streams: false,
    ...changes,
  };
}

/** A model with one idle worker. */
export function served(changes: Partial<ServedVersion> = {}): ServedVersion {
  const worker = { id: "w0", pid: process.pid, state: "idle", device: "cpu", startedAt: 0 };
  return {
    facts: modelFacts(),
    queuedRequests: 0,
    queuedRows: 0,
    restarts: 0,
    workers: [worker],
    ...changes,
  };
}

/** A server that is ready, with one model. */
export function serverFacts(changes: Partial<ServerFacts> = {}): ServerFacts {
  return { state: "running", ready: true, models: [served()], ...changes };
}

/** Statistics on a clock that the test moves. */
export function statisticsOnClock(): { clock: FakeClock; statistics: ServeStatistics } {
  const clock = new FakeClock(1_000);
  return { clock, statistics: new ServeStatistics({ clock }) };
}

/** One request that arrives now, waits, runs, and is answered. */
export function answerOne(
  { clock, statistics }: ReturnType<typeof statisticsOnClock>,
  { name = "sum", client = "a", queueMs = 2, computeMs = 5, restMs = 1, rows = 1 } = {},
): void {
  const model = statistics.model(name, "1");
  const arrivedMs = clock.now();
  model.onArrived(arrivedMs, client);
  clock.advance(queueMs + computeMs + restMs);
  const size = { inBytes: 8 * rows, outBytes: 4 * rows };
  model.onAnswered({ arrivedMs, client, rows, queueMs, computeMs, ...size });
}

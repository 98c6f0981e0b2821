import { modelId } from "./model-id.ts";
import type { ModelStatistics } from "./model-statistics.ts";

interface Mark {
  atMs: number;
  busyMs: number;
  part: number;
}

const EVERY_MS = 4_500;

/** What part of the time each worker was in the model, over the last five seconds. */
export class WorkerLoad {
  readonly #marks = new Map<string, Mark>();

  /** Called every second. */
  look(models: readonly ModelStatistics[], nowMs: number): void {
    for (const model of models) {
      for (const [worker, { ms }] of model.workers) {
        const key = keyOf(model, worker);
        const mark = this.#marks.get(key);
        if (!mark) this.#marks.set(key, { atMs: nowMs, busyMs: ms, part: 0 });
        else if (nowMs - mark.atMs >= EVERY_MS) {
          mark.part = Math.min(1, (ms - mark.busyMs) / (nowMs - mark.atMs));
          mark.atMs = nowMs;
          mark.busyMs = ms;
        }
      }
    }
  }

  /** From 0 to 1. */
  of(model: { name: string; version: string }, worker: string): number {
    return this.#marks.get(keyOf(model, worker))?.part ?? 0;
  }
}

function keyOf(model: { name: string; version: string }, worker: string): string {
  return `${modelId(model)}/${worker}`;
}

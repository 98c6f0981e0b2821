import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { ModelVersion } from "./model-version.ts";

/** When workers are added and let go again. */
export interface ScalerOptions {
  readonly numWorkerExpanded: number;
  readonly models: () => readonly ModelVersion[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Adds workers to models while all of theirs are busy, and lets them go when it is calm. */
export class Scaler implements Disposable {
  constructor(_options: ScalerOptions) {}
  [Symbol.dispose](): void {}
}

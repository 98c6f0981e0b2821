import type { Clock } from "../../core/clock.ts";
import type { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { ModelStatistics } from "../page/model-statistics.ts";
import type { WorkerSettings } from "../worker-settings.ts";
import type { ModelSource } from "./source.ts";

/** How one version of a model is served. */
export interface ModelOptions {
  readonly source: ModelSource;
  readonly settings: WorkerSettings;
  readonly batchTimeoutMs: number;
  readonly queueLimit: number;
  /** How often an item runs again whose worker died. */
  readonly retries: number;
  readonly statistics: ModelStatistics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How a model is unloaded. */
export interface UnloadOptions {
  /** When what is here is given up. */
  readonly deadline?: AbortSignal;
  /** What new requests are answered with; by default, that the model is being unloaded. */
  readonly leaving?: DingError;
}

import { DingError } from "../../core/errors.ts";
import { type Logger, logLine } from "../../core/log.ts";
import type { ModelContext, PredictContext } from "./model-plugin.ts";

/** Where a worker keeps its context; a symbol that is the same in every copy of this package. */
export const CONTEXT: unique symbol = Symbol.for("ding.serve.context") as never;

/** What `newLogger()` gives: .info goes to the .log file of the server, .error to its .err file. */
export interface WorkerLogger {
  debug(message: unknown, ...more: unknown[]): void;
  info(message: unknown, ...more: unknown[]): void;
  warn(message: unknown, ...more: unknown[]): void;
  /** As `warn`. */
  warning(message: unknown, ...more: unknown[]): void;
  error(message: unknown, ...more: unknown[]): void;
}

/**
 * The class of a model in three steps; extend it, and override what is needed. One instance
 * lives in each worker process. Any method may be async. Without `predict` outputs are the inputs.
 *
 *   getEnv → getPreprocess, getPostprocess → getModel → (batching → preprocess → predict → postprocess)* → close
 */
export class HardWorker {
  declare readonly workerId: string;
  /** -1 on the CPU; else 0, for the only GPU that this process sees. */
  declare readonly deviceId: number;
  /** "cpu" or "cuda:0". */
  declare readonly device: string;
  declare readonly batchSize: number;
  declare readonly modelDir: string;
  declare readonly modelName: string | undefined;
  declare readonly tmpDir: string;
  declare readonly gpuMemoryFraction: number;
  /** The name and version under which the model is served. */
  declare readonly name: string;
  declare readonly version: string;
  declare [CONTEXT]?: ModelContext;

  /** Imports and prepares what the model needs; the device is set by now. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a worker says itself what its environment is
  getEnv(_deviceId: number, _tmpDir: string, _ctx: ModelContext): any {
    return [];
  }

  /** Loads the model. */
  getModel(
    // oxlint-disable-next-line typescript/no-explicit-any -- as above
    _envs: any,
    _modelDir: string,
    _modelName: string | undefined,
    _tmpDir: string,
    _ctx: ModelContext,
    // oxlint-disable-next-line typescript/no-explicit-any -- as above
  ): any {
    return undefined;
  }

  /** 1 to batchSize items in, as many outputs out. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  predict(_model: any, inputs: any, _ctx: PredictContext): any {
    return inputs;
  }

  /** Numbers for the statistics, by name; also while the model loads. */
  recordStatistic(numbers: Readonly<Record<string, number>>): void {
    contextOf(this).recordStatistic(numbers);
  }

  newLogger(): WorkerLogger {
    return workerLogger(contextOf(this));
  }
}

/** The logger of a worker's code: it takes any values, as a console does. */
export function workerLogger({ log }: ModelContext): WorkerLogger {
  const saying =
    (level: keyof Logger) =>
    (...values: unknown[]): void =>
      log[level](...logLine(values));
  return {
    debug: saying("debug"),
    info: saying("info"),
    warn: saying("warn"),
    warning: saying("warn"),
    error: saying("error"),
  };
}

function contextOf(worker: HardWorker): ModelContext {
  const context = worker[CONTEXT];
  if (context) return context;
  throw new DingError("state.invalid", "Cannot use the worker's server: it is not set up yet", {
    hint: "Do it in getEnv or later, not in the constructor.",
  });
}

import type { LazyAbort } from "../../core/lazy-abort.ts";
import type { Logger } from "../../core/log.ts";
import type { ModelContext, PredictContext } from "../plugin/model-plugin.ts";
import type { WorkerSetUp } from "../worker-protocol.ts";
import type { ItemShapes } from "./item-reader.ts";
import { tmpFolder } from "./tmp-folder.ts";

/** What the model of a worker may know, from what the server said of it. */
export function modelContext(
  setUp: WorkerSetUp,
  log: Logger,
  recordStatistic: ModelContext["recordStatistic"],
): ModelContext {
  const { device, workerId, name, version, modelDir, modelName } = setUp;
  let tmpDir: string | undefined;
  return {
    device: device < 0 ? "cpu" : "cuda:0",
    deviceId: device < 0 ? -1 : 0,
    workerId,
    name,
    version,
    modelDir,
    modelName,
    // Made when it is asked for: most models write nothing.
    get tmpDir() {
      tmpDir ??= tmpFolder(setUp.tmpDir, log);
      return tmpDir;
    },
    batchSize: setUp.batchSize,
    gpuMemoryFraction: setUp.gpuMemoryFraction,
    log,
    recordStatistic,
  };
}

/** What is true of one call besides. */
export interface CallFacts {
  readonly abort: LazyAbort;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly shapes: readonly ItemShapes[];
}

/** The context of one call of a model. One is made for each batch: so it is a class, and its signal is made when it is asked for. */
export class CallContext implements PredictContext {
  readonly device: string;
  readonly deviceId: number;
  readonly workerId: string;
  readonly name: string;
  readonly version: string;
  readonly modelDir: string;
  readonly modelName: string | undefined;
  readonly batchSize: number;
  readonly gpuMemoryFraction: number;
  readonly log: Logger;
  readonly recordStatistic: ModelContext["recordStatistic"];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly shapes: readonly ItemShapes[];
  readonly #model: ModelContext;
  readonly #abort: LazyAbort;

  constructor(model: ModelContext, { abort, parameters, shapes }: CallFacts) {
    this.device = model.device;
    this.deviceId = model.deviceId;
    this.workerId = model.workerId;
    this.name = model.name;
    this.version = model.version;
    this.modelDir = model.modelDir;
    this.modelName = model.modelName;
    this.batchSize = model.batchSize;
    this.gpuMemoryFraction = model.gpuMemoryFraction;
    this.log = model.log;
    this.recordStatistic = model.recordStatistic;
    this.parameters = parameters;
    this.shapes = shapes;
    this.#model = model;
    this.#abort = abort;
  }

  get tmpDir(): string {
    return this.#model.tmpDir;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }
}

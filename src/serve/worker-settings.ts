import type { Logger } from "../core/log.ts";
import { CPU, checkDevices, usedDevices } from "./devices.ts";
import type { ServerOptions, ServerSettings } from "./server-options.ts";

/** How the workers of a model are made. */
export interface WorkerSettings {
  readonly workers: number;
  readonly numWorkerExpanded: number;
  readonly devices: readonly number[];
  /** Of the workers that are added under load. */
  readonly expandDevices: readonly number[];
  readonly modelDir: string;
  readonly modelName: string | undefined;
  readonly tmpFolder: string;
  readonly gpuMemoryFraction: number;
  readonly batchSize: number;
  readonly maxBatchesPerWorker: number;
  readonly predictTimeoutMs: number;
  readonly loadTimeoutMs: number;
  /** How long an old generation may take to finish. */
  readonly drainTimeoutMs: number;
  readonly logLevel: string;
  /** Takes what workers print, line by line; undefined: our own stderr. */
  readonly workerOutput?: WorkerOutput | undefined;
}

/** Takes a line that a worker printed, and whose it is. */
export type WorkerOutput = (line: string, from: { model: string; worker: string }) => void;

/** What becomes of the workers of a server: its settings, and what they print. */
export interface WorkerSources extends Pick<ServerOptions, "logLevel" | "workerOutput"> {
  readonly settings: ServerSettings;
  readonly log: Logger;
}

/** How workers are made, once it is sure that this machine has their devices; else rejects with usage.invalid-option. */
export async function workerSettings(sources: WorkerSources): Promise<WorkerSettings> {
  const { settings, log, logLevel = "info", workerOutput } = sources;
  const { cpu, deviceMap, deviceToExpand, workers, numWorkerExpanded, gpuMemoryFraction } =
    settings;
  const devices = cpu ? [CPU] : deviceMap;
  const expandDevices = cpu ? [CPU] : deviceToExpand;
  const added = numWorkerExpanded > 0 ? expandDevices : [];
  // Added workers go on in the map where they have none of their own.
  const ofMap = workers + (added.length > 0 ? 0 : numWorkerExpanded);
  const used = new Set([...usedDevices(devices, ofMap), ...added]);
  await checkDevices([...used], { log, gpuMemoryFraction });
  const { modelName } = settings;
  return { ...settings, modelName, devices, expandDevices, logLevel, workerOutput };
}

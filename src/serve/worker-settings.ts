import type { Logger } from "../core/log.ts";
import { CPU, checkDevices, usedDevices } from "./devices.ts";
import type { WorkerSettings } from "./host/generation.ts";
import type { ServerOptions, ServerSettings } from "./server-options.ts";

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

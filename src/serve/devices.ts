import { execFile } from "node:child_process";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

/** The CPU among the numbers of devices. */
export const CPU = -1;

/** A GPU of this machine, as `nvidia-smi` counts them. */
export interface Gpu {
  readonly index: number;
  /** Undefined where it is not told. */
  readonly totalMiB: number | undefined;
  readonly freeMiB: number | undefined;
}

/** How devices are looked for. */
export interface DeviceCheck {
  readonly log: Logger;
  /** A GPU with a smaller free share of its memory than this is warned of. */
  readonly gpuMemoryFraction: number;
  /** Where `nvidia-smi` is looked for; default the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** A driver that sleeps takes seconds to wake up; one that hangs never answers. */
const SMI_TIMEOUT_MS = 10_000;
const QUERY = ["--query-gpu=index,memory.total,memory.free", "--format=csv,noheader,nounits"];

/** The device of a worker: the map is used again from its start when there are more workers. */
export function deviceOf(map: readonly number[], workerIndex: number): number {
  return map[workerIndex % map.length] ?? CPU;
}

/** The devices that so many workers use, each once. */
export function usedDevices(map: readonly number[], workers: number): number[] {
  return [...new Set(map.slice(0, workers))];
}

/** Rejects with usage.invalid-option when the machine lacks one of these; asks it only if one of them is a GPU. */
export async function checkDevices(devices: readonly number[], check: DeviceCheck): Promise<void> {
  const wanted = devices.filter((device) => device !== CPU);
  if (wanted.length === 0) return;
  const gpus = await listGpus(check);
  for (const device of wanted) {
    const gpu = gpus.find(({ index }) => index === device);
    if (!gpu) throw missingError(device, gpus);
    warnIfFull(gpu, check);
  }
}

/** What `nvidia-smi` tells; nothing where it is not on the PATH, fails, or does not answer. */
export async function listGpus({ env, timeoutMs }: Partial<DeviceCheck> = {}): Promise<Gpu[]> {
  const options = { env: env ?? process.env, timeout: timeoutMs ?? SMI_TIMEOUT_MS };
  const gpus = gpusIn(await outputOf(QUERY, options));
  // One too old for the question still knows the list.
  return gpus.length > 0 ? gpus : gpusIn(await outputOf(["-L"], options));
}

function outputOf(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; timeout: number },
): Promise<string> {
  return new Promise((resolve) => {
    execFile("nvidia-smi", args, { ...options, killSignal: "SIGKILL" }, (error, stdout) => {
      resolve(error ? "" : stdout);
    });
  });
}

/** Lines as "0, 16384, 15000", or as "GPU 0: name (UUID: …)". */
function gpusIn(text: string): Gpu[] {
  const gpus = new Map<number, Gpu>();
  for (const line of text.split("\n")) {
    const [, index] = /^\s*(?:GPU\s+)?(\d+)\s*(?:[,:]|$)/.exec(line) ?? [];
    if (index === undefined) continue;
    const [totalMiB, freeMiB] = line.split(",").slice(1).map(mebibytes);
    gpus.set(Number(index), { index: Number(index), totalMiB, freeMiB });
  }
  return [...gpus.values()];
}

function mebibytes(text: string): number | undefined {
  const [, number] = /^\s*(\d+(?:\.\d+)?)(?:\s*MiB)?\s*$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** What is free changes from moment to moment, and the model may take less: it is told, and nothing more. */
function warnIfFull(
  { index, totalMiB, freeMiB }: Gpu,
  { log, gpuMemoryFraction }: DeviceCheck,
): void {
  if (totalMiB === undefined || freeMiB === undefined || totalMiB === 0) return;
  if (freeMiB / totalMiB >= gpuMemoryFraction) return;
  log.warn(`GPU ${index} has less memory free than --gpu-memory-fraction ${gpuMemoryFraction}`, {
    freeMiB,
    totalMiB,
  });
}

function missingError(device: number, gpus: readonly Gpu[]): DingError {
  const indexes = gpus.map(({ index }) => index);
  const has = indexes.length === 0 ? "no GPUs" : `only GPU ${indexes.join(", ")}`;
  const message = `Cannot use device ${device}: this machine has no such GPU, it has ${has}`;
  const others = indexes.length === 0 ? "" : `, or one of ${indexes.join(", ")}`;
  return new DingError("usage.invalid-option", message, {
    hint: `--device-map and --device-to-expand take GPUs that nvidia-smi lists; use -1 for the CPU${others}.`,
    details: { device, gpus: indexes },
  });
}

/** The environment in which a process sees this device only: on a GPU it is number 0 there. Native code reads it as the process starts. */
export function deviceEnv(device: number): Record<string, string> {
  return {
    // As `nvidia-smi` counts; CUDA would begin with the fastest.
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    CUDA_VISIBLE_DEVICES: device < 0 ? "" : String(device),
  };
}

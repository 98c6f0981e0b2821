import { expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import type { DingError } from "../../../src/core/errors.ts";
import {
  checkDevices,
  deviceEnv,
  deviceOf,
  listGpus,
  usedDevices,
} from "../../../src/serve/devices.ts";
import { recordLog } from "../../support/interaction.ts";
import { tempFolder } from "../../support/temp-folder.ts";

/** A folder with a stand-in for nvidia-smi, as the PATH. */
async function withSmi(script: string): Promise<{ env: NodeJS.ProcessEnv } & AsyncDisposable> {
  const folder = await tempFolder();
  const file = await folder.write("nvidia-smi", `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  const env = { PATH: `${folder.path}:${process.env["PATH"]}` };
  return { env, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test("deviceOf() uses the map again from its start; usedDevices() leaves out what no worker gets", () => {
  expect([0, 1, 2, 3, 4].map((index) => deviceOf([-1, 0], index))).toEqual([-1, 0, -1, 0, -1]);
  expect(usedDevices([-1, 0, 7], 2)).toEqual([-1, 0]);
  expect(usedDevices([1, 1], 4)).toEqual([1]);
});

test("deviceEnv() shows a process its own device only", () => {
  expect(deviceEnv(-1)["CUDA_VISIBLE_DEVICES"]).toBe("");
  expect(deviceEnv(3)["CUDA_VISIBLE_DEVICES"]).toBe("3");
});

test("listGpus() reads what nvidia-smi tells, of an old one the list", async () => {
  await using smi = await withSmi('echo "0, 16384, 15000"; echo "2, 8192, [N/A]"');
  expect(await listGpus(smi)).toEqual([
    { index: 0, totalMiB: 16_384, freeMiB: 15_000 },
    { index: 2, totalMiB: 8_192, freeMiB: undefined },
  ]);
  await using old = await withSmi(
    '[ "$1" = -L ] || exit 6; echo "GPU 0: Tesla T4 (UUID: GPU-1)"; echo "GPU 1: Tesla T4 (UUID: GPU-2)"',
  );
  expect((await listGpus(old)).map(({ index }) => index)).toEqual([0, 1]);
});

test("checkDevices() lets GPUs pass that are there, and asks nobody about the CPU", async () => {
  await using smi = await withSmi('echo "0, 16384, 15000"; echo "1, 16384, 100"');
  const log = recordLog();
  await checkDevices([0, 1, -1], { ...smi, log, gpuMemoryFraction: 0.2 });
  expect(log.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    "warn: GPU 1 has less memory free than --gpu-memory-fraction 0.2",
  ]);
  await checkDevices([-1], { env: { PATH: "/nowhere" }, log, gpuMemoryFraction: 0.2 });
});

test("checkDevices() refuses a GPU that the machine lacks, naming what is there", async () => {
  const log = recordLog();
  const check = (env: NodeJS.ProcessEnv, timeoutMs = 10_000): Promise<DingError> =>
    checkDevices([-1, 3], { env, log, gpuMemoryFraction: 0.2, timeoutMs }).then(
      () => Promise.reject(new Error("it passed")),
      (thrown: unknown) => thrown as DingError,
    );
  await using smi = await withSmi('echo "0, 16384, 15000"; echo "1, 16384, 100"');
  const error = await check(smi.env);
  expect([error.code, error.message]).toEqual([
    "usage.invalid-option",
    "Cannot use device 3: this machine has no such GPU, it has only GPU 0, 1",
  ]);
  expect(error.details).toEqual({ device: 3, gpus: [0, 1] });
  await using broken = await withSmi("echo oops; exit 9");
  await using hanging = await withSmi("exec sleep 60");
  for (const [env, timeoutMs] of [
    [broken.env],
    [hanging.env, 200],
    [{ PATH: "/nowhere" }],
  ] as const) {
    expect((await check(env, timeoutMs)).message).toBe(
      "Cannot use device 3: this machine has no such GPU, it has no GPUs",
    );
  }
});

import { readdirSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { ding, spawnDing } from "../../support/ding.ts";
import { startServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";

/** What the process sees as the first import of the plugin runs. */
const SEEN = `export const atImport = process.env.CUDA_VISIBLE_DEVICES;
`;
const MODEL = `import { atImport } from "./seen.ts";
import { readFileSync } from "node:fs";
import { defineModel } from "ding";
const environment = readFileSync("/proc/self/environ", "utf8").split("\\0");
const atStart = environment.find((one) => one.startsWith("CUDA_VISIBLE_DEVICES="));
export default defineModel({
  load: ({ device, deviceId, workerId, log }) => {
    log.info("told", { device, deviceId, workerId, atImport, atStart });
    return {};
  },
  predict: (_model, inputs) => inputs,
});
`;
const SMI = `#!/bin/sh
case "$1" in
  --query-gpu=*) echo "0, 16384, 16000"; echo "1, 16384, 16000" ;;
  *) exit 6 ;;
esac
`;

let folder: TempFolder;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await tempFolder();
  await folder.write("seen.ts", SEEN);
  await folder.write("model.ts", MODEL);
  await chmod(await folder.write("bin/nvidia-smi", SMI), 0o755);
  env = { PATH: `${folder.file("bin")}:${process.env["PATH"]}` };
});

afterAll(() => folder[Symbol.asyncDispose]());

interface Told {
  device: string;
  deviceId: number;
  workerId: string;
  atImport: string;
  atStart: string;
}

interface Status {
  models: { workers: { id: string; device: string }[] }[];
}

/** What each worker was told and what /status tells of it, in the order of the workers. */
async function devicesOf(words: string[]): Promise<{ told: Told[]; shown: string[] }> {
  const logs = folder.file(`logs-${words.join("_")}`);
  const args = ["model.ts", ...words, "--log-dir", logs, "--log-name=serve"];
  await using server = await startServe(args, { cwd: folder.path, env });
  const status = (await (await fetch(`${server.url}/status`)).json()) as Status;
  const workers = (status.models[0]?.workers ?? []).toSorted((a, b) => a.id.localeCompare(b.id));
  expect((await server.stop()).code).toBe(0);
  const [file = ""] = readdirSync(logs).filter((name) => name.endsWith(".log"));
  const text = await Bun.file(`${logs}/${file}`).text();
  const told = text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Told & { message: string })
    .filter(({ message }) => message === "told")
    .toSorted((a, b) => a.workerId.localeCompare(b.workerId));
  return { told, shown: workers.map(({ device }) => device) };
}

const CPU = { device: "cpu", deviceId: -1, atImport: "", atStart: "CUDA_VISIBLE_DEVICES=" };

function gpu(index: number): Omit<Told, "workerId"> {
  const atStart = `CUDA_VISIBLE_DEVICES=${index}`;
  return { device: "cuda:0", deviceId: 0, atImport: String(index), atStart };
}

const GPU = (index: number): string => `cuda:0 (GPU ${index} of this machine)`;

test("--device-map -1 0 1 gives each worker its device before anything is imported, from the start again when there are more", async () => {
  const { told, shown } = await devicesOf(["--workers=4", "--device-map", "-1", "0", "1"]);
  expect(told).toMatchObject([CPU, gpu(0), gpu(1), CPU]);
  expect(shown).toEqual(["cpu", GPU(0), GPU(1), "cpu"]);
});

test("--device-map 1,-1,7 is cut to the workers: what none of them gets may be missing", async () => {
  const { told, shown } = await devicesOf(["--workers", "2", "--device-map", "1,-1,7"]);
  expect(told).toMatchObject([gpu(1), CPU]);
  expect(shown).toEqual([GPU(1), "cpu"]);
});

test.each([
  [["--device-map", "-1,0"]],
  [["--device-map=-1,0"]],
  [["--device-map", "-1", "0"]],
  [["-device_map", "[-1,0]"]],
  [["--device-map", "-1", "--device-map", "0"]],
])("%j is the CPU and GPU 0", async (words) => {
  const { shown } = await devicesOf([...words, "--workers", "2"]);
  expect(shown).toEqual(["cpu", GPU(0)]);
});

test("--cpu says CPU, whatever the map says", async () => {
  const { told } = await devicesOf(["--cpu", "--device-map", "0", "9", "--workers", "2"]);
  expect(told).toMatchObject([CPU, CPU]);
});

test.each([
  [["--device-map", "2"], "it has only GPU 0, 1", {}],
  [["--device-map", "-1,5", "--workers", "2"], "it has only GPU 0, 1", {}],
  [["--device-to-expand", "3", "--num-worker-expanded", "1"], "it has only GPU 0, 1", {}],
  [["--device-map", "-1,7", "--num-worker-expanded", "1"], "it has only GPU 0, 1", {}],
  [["--device-map", "0"], "it has no GPUs", { PATH: "/nowhere" }],
])(
  "%j with a GPU that the machine lacks ends with 2, and no model is loaded",
  async (words, why, other) => {
    const result = await ding(["serve", "model.ts", ...words, "--port", "0"], {
      runtime: "binary",
      cwd: folder.path,
      env: { ...env, ...other },
    });
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 2, stdout: "" });
    expect(result.stderr).toStartWith("ding: Cannot use device ");
    expect(result.stderr).toContain(why);
    expect(result.stderr).not.toContain("told");
  },
);

test("a worker that replaces a dead one gets its device", async () => {
  const plugin = await folder.write(
    "mortal.ts",
    `import { atImport } from "./seen.ts";
export default (inputs: string[]) => inputs.map((input) => {
  if (input === "die") process.exit(1);
  return atImport;
});`,
  );
  const args = ["serve", plugin, "--device-map", "1", "--retries", "0", "--port", "0"];
  await using server = spawnDing(args, { runtime: "binary", env });
  const { url } = await server.ready(30_000);
  const ask = (input: string): Promise<Response> =>
    fetch(`${url}/predict`, { method: "POST", body: JSON.stringify({ input }) });
  expect(await (await ask("x")).json()).toEqual({ output: "1" });
  expect((await ask("die")).status).toBe(500);
  expect(await (await ask("x")).json()).toEqual({ output: "1" });
});

import { readdirSync } from "node:fs";
import { expect, test } from "bun:test";
import { ding, spawnDing } from "../../support/ding.ts";
import { onEachRuntime } from "../../support/each-runtime.ts";
import { freePort } from "../../support/free-port.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";

const WORKER = `import { defineModel } from "ding";
export const Worker = defineModel({
  load: ({ device, modelDir, modelName }) => [device, modelDir, modelName],
  predict: (model, inputs) => inputs.map(() => model),
});
`;

async function serverFolder(): Promise<TempFolder> {
  const folder = await tempFolder();
  await folder.write("server.ts", WORKER);
  return folder;
}

onEachRuntime([
  {
    name: "ding serve takes the ancestor's line as its documentation has it",
    async run(runtime) {
      await using folder = await serverFolder();
      const port = await freePort();
      const line = `serve server.Worker -model_dir ${folder.path} -model_name model.hdf5
        -port_in 8996 -port_out 8998 -http_port ${port} -num_worker 2 -batch_size 1
        -device_map -1 -gpu_memory_fraction 0.25 -log_dir ${folder.file("log_dir")}`;
      await using server = spawnDing(line.split(/\s+/), { runtime, cwd: folder.path });
      const ready = await server.ready(30_000);
      expect(ready.port).toBe(port);
      expect(ready.line).toContain(" models=server workers=2 batchSize=1");
      for (const flag of ["-port_in", "-port_out"]) {
        expect(server.stderr).toContain(`${flag}: one port serves all`);
      }
      const answer = await fetch(`${ready.url}/predict`, { method: "POST", body: '{"input":1}' });
      expect(await answer.json()).toEqual({
        output: [expect.stringContaining("cpu"), folder.path, "model.hdf5"],
      });
      expect(
        readdirSync(folder.file("log_dir")).map((file) => file.replace(/\d.*\d/, "DATE")),
      ).toEqual(expect.arrayContaining(["ding-serve_DATE.err", "ding-serve_DATE.log"]));
      expect((await server.stop()).code).toBe(0);
    },
  },
]);

test.each([
  [["-device_map", "-1", "-1", "server.Worker"]],
  [["--device-map", "-1,-1", "server.Worker"]],
  [["server.Worker", "--device-map", "-1", "--cpu"]],
  [["-cpu", "-verbose", "-device_map", "[-1]", "-protocol", "obj", "server.Worker"]],
])("ding serve reads %j", async (words) => {
  await using folder = await serverFolder();
  const args = ["serve", ...words, "-http_port", "0"];
  await using server = spawnDing(args, { runtime: "binary", cwd: folder.path });
  expect((await server.ready(30_000)).line).toContain(" models=server workers=1");
});

test.each([
  [["-num_workr", "2"], 'Cannot use -num_workr: no such option\nDid you mean "--num-worker"?'],
  [["-num_worker", "two"], 'Cannot use --workers: "two" is not an integer'],
  [["-num_worker"], "Cannot use -num_worker: it needs a value"],
  [["-device_map", "gpu"], 'Cannot use --device-map: "gpu" is not an integer'],
  [["-device_map", "-2"], "Cannot use --device-map: -2 is out of range"],
])("ding serve refuses %j with 2 and says why", async (words, text) => {
  await using folder = await serverFolder();
  const args = ["serve", "server.Worker", ...words];
  const { code, stdout, stderr } = await ding(args, { runtime: "binary", cwd: folder.path });
  expect(stderr).toStartWith(`ding: ${text}`);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

test("ding serve --help tells the new names and the ancestor's", async () => {
  const { code, stdout } = await ding(["serve", "--help"], { runtime: "binary" });
  expect(code).toBe(0);
  for (const text of ["--workers N", "-num_worker", "-http_port", "-batch_group_timeout"]) {
    expect(stdout).toContain(text);
  }
});

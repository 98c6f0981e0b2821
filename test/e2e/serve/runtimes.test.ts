import { expect } from "bun:test";
import { Client } from "../../../src/serve/client/client.ts";
import { ding } from "../../support/ding.ts";
import { onEachRuntime } from "../../support/each-runtime.ts";
import { infer } from "../../support/infer.ts";
import { predict, startServe } from "../../support/serve.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const TENSORS = `import { defineModel } from "ding";
export default defineModel({
  input: { x: { datatype: "FP32", shape: [-1, 2] } },
  output: { y: { datatype: "FP32", shape: [-1, 1] } },
  load: () => 10,
  predict: (weight, inputs) => inputs.map(({ x }) => ({ y: [x[0] * weight + x[1]] })),
});
`;
/** The ancestor's three steps, with zod from inside the program. */
const STEPS = `import { HardWorker, defineModel } from "ding";
import { z } from "zod";
export class Worker extends HardWorker {
  getEnv() { return [z.number()]; }
  getModel(envs: any) { return envs[0]; }
  predict(model: any, inputs: unknown[]) { return inputs.map((input) => model.parse(input) + 1); }
}
`;
const STREAM = `import { defineModel } from "ding";
export default defineModel({
  async *generate(_model, { count }: { count: number }) {
    for (let piece = 0; piece < count; piece++) yield { piece };
  },
});
`;
const saying = (words: string): string =>
  `export default (inputs: unknown[]) => inputs.map(() => ["${words}", process.pid]);\n`;

onEachRuntime([
  {
    name: "ding serve answers items, tensors, lists and streams, over HTTP, sessions and `serve call`",
    async run(runtime) {
      await using folder = await tempFolder();
      await folder.write("tensors.ts", TENSORS);
      await folder.write("server.ts", STEPS);
      await folder.write("stream.ts", STREAM);
      const models = ["tensors.ts", "server.Worker", "stream.ts", "--workers=2"];
      await using server = await startServe(models, { runtime, cwd: folder.path });
      const { url, address } = server;
      const x = { name: "x", shape: [2, 2], datatype: "FP32", data: [1, 2, 3, 4] };
      expect((await infer(url, "tensors", [x]))["y"]).toMatchObject({
        datatype: "FP32",
        shape: [2, 1],
        data: [12, 34],
      });
      expect((await predict(url, 41, { model: "server" })).body).toEqual({ output: 42 });
      await using client = new Client({ ip: address, model: "tensors" });
      const outputs = await Promise.all(
        Array.from({ length: 50 }, (_, index) => client.encode({ x: Float32Array.of(index, 1) })),
      );
      expect(outputs).toEqual(outputs.map((_, index) => ({ y: Float32Array.of(index * 10 + 1) })));
      await using streaming = new Client({ ip: address, model: "stream" });
      const pieces: unknown[] = [];
      for await (const piece of streaming.stream({ count: 3 })) pieces.push(piece);
      expect(pieces).toEqual([{ piece: 0 }, { piece: 1 }, { piece: 2 }]);
      const events = await fetch(`${url}/v2/models/stream/generate_stream`, {
        method: "POST",
        body: '{"count":2}',
      });
      expect((await events.text()).match(/^data: /gm)).toHaveLength(2);
      const call = await ding(
        ["serve", "call", address, "--model", "server", "-d", "1", "-d", '"no number"', "-d", "3"],
        { runtime },
      );
      expect([call.code, call.stdout.split("\n")]).toEqual([
        6,
        ["2", expect.stringContaining("error") as string, "4", ""],
      ]);
      expect((await fetch(`${url}/metrics`)).status).toBe(200);
      expect((await server.stop()).code).toBe(0);
    },
  },
  {
    name: "ding serve replaces a worker that is killed, and loads again by SIGHUP and --watch",
    async run(runtime) {
      await using folder = await tempFolder();
      const model = await folder.write("model.ts", saying("one"));
      await using server = await startServe([model, "--watch"], { runtime });
      const ask = async (): Promise<[string, number]> =>
        (await predict(server.url, 0)).body["output"] as [string, number];
      const [, pid] = await ask();
      process.kill(pid, "SIGKILL");
      const [words, next] = await ask();
      expect([words, next === pid]).toEqual(["one", false]);
      await folder.write("model.ts", saying("two"));
      await until(async () => (await ask())[0] === "two", { timeoutMs: 30_000 });
      const [, watched] = await ask();
      server.kill("SIGHUP");
      await until(async () => (await ask())[1] !== watched, { timeoutMs: 30_000 });
      expect((await server.stop()).code).toBe(0);
    },
  },
]);

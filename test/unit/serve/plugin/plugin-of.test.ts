import { expect, test } from "bun:test";
import { z } from "zod";
import { Tensor } from "../../../../src/protocol/tensor.ts";
import { defineModel } from "../../../../src/serve/plugin/define-model.ts";
import { HardWorker } from "../../../../src/serve/plugin/hard-worker.ts";
import type {
  LoadedModel,
  ModelContext,
  PredictContext,
} from "../../../../src/serve/plugin/model-plugin.ts";
import { pluginOf } from "../../../../src/serve/plugin/plugin-of.ts";
import { recordLog } from "../../../support/interaction.ts";

const recorded: Record<string, number>[] = [];
const log = recordLog();
const context: ModelContext = {
  device: "cpu",
  deviceId: -1,
  workerId: "w0",
  name: "model",
  version: "1",
  modelDir: "/models",
  modelName: "m.bin",
  tmpDir: "/models/tmp",
  batchSize: 4,
  gpuMemoryFraction: 0.25,
  log,
  recordStatistic: (numbers) => void recorded.push({ ...numbers }),
};
const call: PredictContext = {
  ...context,
  signal: new AbortController().signal,
  parameters: {},
  shapes: [],
};

async function load(module: Record<string, unknown>, exportName = "default"): Promise<LoadedModel> {
  return await pluginOf(module, { path: "model.ts", exportName }).load(context);
}

async function predict(
  module: Record<string, unknown>,
  inputs: unknown[],
  exportName?: string,
): Promise<unknown> {
  return await (await load(module, exportName)).predict?.(inputs, call);
}

test("pluginOf() takes a class in three steps, in the ancestor's order, with what its instances have", async () => {
  const steps: unknown[] = [];
  class Worker extends HardWorker {
    override getEnv(deviceId: number, tmpDir: string, ctx: ModelContext): unknown {
      steps.push([
        "getEnv",
        deviceId,
        tmpDir,
        ctx.device,
        this.workerId,
        this.batchSize,
        this.modelDir,
      ]);
      this.recordStatistic({ env: 1 });
      return ["env"];
    }
    getPreprocess(envs: unknown) {
      steps.push(["getPreprocess", envs]);
      return (batch: number[]) => batch.map((one) => one + 1);
    }
    getPostprocess(envs: unknown) {
      steps.push(["getPostprocess", envs]);
      return (outputs: number[]) => outputs.map((one) => `${one}!`);
    }
    override async getModel(envs: unknown, modelDir: string, modelName: string, tmpDir: string) {
      steps.push(["getModel", envs, modelDir, modelName, tmpDir]);
      this.newLogger().warning("loading", { of: modelName });
      this.newLogger().error({ weights: [1] });
      this.newLogger().error(new TypeError("no weights"));
      this.newLogger().error("weights:", new TypeError("too short"), 5);
      return { factor: 10 };
    }
    batching(list: number[]) {
      return list.map((one) => one * 2);
    }
    override predict(model: { factor: number }, inputs: number[], ctx: PredictContext): number[] {
      this.recordStatistic({ batchsize: inputs.length });
      return inputs.map((input) => input * model.factor + ctx.batchSize);
    }
  }
  expect(await predict({ Worker }, [1, 2], "Worker")).toEqual(["34!", "54!"]);
  expect(steps).toEqual([
    ["getEnv", -1, "/models/tmp", "cpu", "w0", 4, "/models"],
    ["getPreprocess", ["env"]],
    ["getPostprocess", ["env"]],
    ["getModel", ["env"], "/models", "m.bin", "/models/tmp"],
  ]);
  expect(recorded.splice(0)).toEqual([{ env: 1 }, { batchsize: 2 }]);
  expect(log.text()).toContain("warn loading");
  expect(log.text()).toContain("error { weights: [ 1 ] }");
  expect(log.text()).toContain("error TypeError: no weights");
  expect(log.text()).toContain("error weights: TypeError: too short 5");
});

test("pluginOf() takes the names as Python writes them, and objects and classes that extend nothing", async () => {
  const steps: unknown[] = [];
  class Python extends HardWorker {
    get_env(deviceId: number): string {
      steps.push(deviceId);
      return "env";
    }
    get_model(env: string): string {
      return `${env}, model`;
    }
    get_preprocess() {
      return (batch: string[]) => batch.map((one) => one.toUpperCase());
    }
    override predict(model: string, inputs: string[]): string[] {
      (this as unknown as { record_statistic(numbers: object): void }).record_statistic({ n: 1 });
      return inputs.map((input) => `${model}: ${input}`);
    }
  }
  expect(await predict({ default: Python }, ["a"])).toEqual(["env, model: A"]);
  expect([steps, recorded.splice(0)]).toEqual([[-1], [{ n: 1 }]]);
  class Plain {
    #hidden = 3;
    recordStatistic: ((numbers: object) => void) | undefined;
    getModel(): number {
      return this.#hidden;
    }
    predict(model: number, inputs: number[]): number[] {
      this.recordStatistic?.({ plain: 1 });
      return inputs.map((input) => input * model);
    }
  }
  for (const plain of [Plain, new Plain()]) {
    expect(await predict({ default: plain }, [2])).toEqual([6]);
    expect(recorded.splice(0)).toEqual([{ plain: 1 }]);
  }
  const object = {
    getModel: () => 5,
    predict: (model: number, inputs: number[]) => inputs.map(() => model),
  };
  expect(await predict({ default: object }, [1, 1])).toEqual([5, 5]);
  expect(await predict({ default: class extends HardWorker {} }, ["echo"])).toEqual(["echo"]);
});

test("pluginOf() lets a model take its inputs, and then its outputs, off their lists", async () => {
  const taken = (all: number[]): number[] =>
    Array.from({ length: all.length }, () => (all.shift() ?? 0) + 1);
  const predictTaken = (_model: unknown, inputs: number[]) => taken(inputs);
  expect(await predict({ default: taken }, [1, 2])).toEqual([2, 3]);
  const later = { predict: async (model: unknown, all: number[]) => predictTaken(model, all) };
  expect(await predict({ default: later }, [1, 2])).toEqual([2, 3]);
  const worker = {
    getModel: () => undefined,
    getPreprocess: () => taken,
    getPostprocess: () => taken,
    predict: predictTaken,
  };
  expect(await predict({ default: worker }, [1, 2])).toEqual([4, 5]);
});

test("pluginOf() takes defineModel(), a function, or a module's own predict", async () => {
  const short = defineModel({
    load: async (ctx) => ({ name: ctx.name }),
    batching: (items: number[]) => items.map((item) => item + 1),
    predict: (model, inputs: number[], ctx) =>
      inputs.map((input) => `${model.name}${input}${ctx.device}`),
  });
  expect(await predict({ default: short }, [1])).toEqual(["model2cpu"]);
  expect(await predict({ default: (inputs: number[]) => inputs }, [1])).toEqual([1]);
  expect(
    await predict(
      { default: async (inputs: number[], ctx: PredictContext) => inputs.map(() => ctx.version) },
      [1],
    ),
  ).toEqual(["1"]);
  expect(await predict({ load: () => 7, predict: (model: number) => [model] }, [1])).toEqual([7]);
  expect(await predict({ named: () => [3] }, [1], "named")).toEqual([3]);
});

test("a loaded model says what it takes: signatures with a free first axis, schemas, limits", async () => {
  const tensors = await load({
    default: defineModel({
      input: { x: { datatype: "FP32", shape: [8, 2] } },
      output: { y: { datatype: "FP32", shape: [-1, 1] } },
      predict: (_model, inputs) => inputs.map(({ x }) => ({ y: [x[0] ?? 0] })),
    }),
  });
  expect([tensors.input, tensors.maxBatchSize]).toEqual([
    { x: { datatype: "FP32", shape: [-1, 2] } },
    8,
  ]);
  const schema = z.object({ text: z.string() });
  const checked = await load({
    default: defineModel({
      input: schema,
      maxBatchSize: 3,
      predict: (_model, inputs) => inputs.map(({ text }) => text.length),
    }),
  });
  expect([
    checked.input,
    checked.inputSchema === (schema as unknown),
    checked.maxBatchSize,
  ]).toEqual([undefined, true, 3]);
  expect((await load({ default: { generate: () => [1] } })).predict).toBeUndefined();
});

test("predict() says both numbers when outputs are not as many as items", async () => {
  const outputs = (given: unknown): Promise<unknown> =>
    predict({ default: () => given }, [1, 2, 3]).catch(
      (thrown: unknown) => (thrown as Error).message,
    );
  expect(await outputs([1, 2])).toBe("Cannot use what predict returned: 2 for 3 items");
  expect(await outputs(undefined)).toBe("Cannot use what predict returned: nothing for 3 items");
  expect(await outputs({ y: 1 })).toBe(
    "Cannot use what predict returned: an object that is no list for 3 items",
  );
  expect(await outputs(Float32Array.of(1, 2, 3))).toEqual([1, 2, 3]);
  const rows = (await outputs(new Tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]))) as Tensor[];
  expect(rows.map((row) => row.toArray())).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});

test("pluginOf() refuses a predict that would take the model for its inputs", async () => {
  const outputs = (inputs: unknown): unknown => inputs;
  for (const module of [{ default: { predict: outputs } }, { predict: outputs }]) {
    expect(() => pluginOf(module, { path: "model.ts", exportName: "default" })).toThrow(
      'Cannot use plugin "model.ts": its predict takes one parameter, and there is no load',
    );
  }
  class Plain {
    predict = outputs;
  }
  class Worker extends HardWorker {
    override predict(inputs: unknown): unknown {
      return inputs;
    }
  }
  for (const one of [Plain, Worker])
    expect(() => pluginOf({ one }, { path: "model.ts", exportName: "one" })).toThrow(
      "its predict takes one parameter, and there is no load",
    );
  class Loaded extends Worker {
    override getModel(): unknown {
      return ["a model"];
    }
  }
  expect(await predict({ default: Loaded }, [1])).toEqual(["a model"]);
  const loaded = { load: () => "m", predict: (model: unknown) => [model] };
  expect(await predict({ default: loaded }, [1])).toEqual(["m"]);
});

test.each([
  ["a class", class {}],
  ["an object in steps", { getModel: () => 1, close() {} }],
])("pluginOf() does not load %s that could never answer", async (_what, exported) => {
  const error = 'Cannot use plugin "model.ts": it has neither predict nor generate';
  const thrown = await load({ default: exported }).catch((reason: unknown) => reason);
  expect(thrown).toMatchObject({ code: "plugin.invalid", message: error });
});

import { expect, test } from "bun:test";
import { silentLogger } from "../../../../src/core/log.ts";
import { LazyAbort } from "../../../../src/core/lazy-abort.ts";
import { DingError } from "../../../../src/core/errors.ts";
import {
  decodeAnswer,
  decodeBatchGroups,
  encodeAnswer,
  encodeBatch,
  type BatchResult,
} from "../../../../src/serve/batch-frame.ts";
import type { NamedTensor, Payload, Tensors } from "../../../../src/serve/inference.ts";
import type {
  LoadedModel,
  ModelContext,
  PredictContext,
} from "../../../../src/serve/plugin/model-plugin.ts";
import { stepsModel } from "../../../../src/serve/plugin/steps-model.ts";
import { ItemEngine } from "../../../../src/serve/worker/item-engine.ts";
import { TensorEngine } from "../../../../src/serve/worker/tensor-engine.ts";
import { jsonOf, plainResults, valuesOf } from "../../../support/model-worker.ts";
import { floats } from "../frame/payloads.ts";

const context: ModelContext = {
  device: "cpu",
  deviceId: -1,
  workerId: "w0",
  name: "model",
  version: "1",
  modelDir: ".",
  modelName: undefined,
  tmpDir: "/tmp",
  batchSize: 8,
  gpuMemoryFraction: 0.2,
  log: silentLogger,
  recordStatistic() {},
};

const signature = { x: { datatype: "FP32", shape: [-1, -1] } } as const;

const model: LoadedModel = { platform: "test", input: signature, output: signature };

/** What an engine answers, after its way through the frames. */
async function run(
  engine: ItemEngine | TensorEngine,
  payloads: readonly Payload[],
  abort = new LazyAbort(),
): Promise<readonly BatchResult[]> {
  const groups = decodeBatchGroups(encodeBatch(payloads));
  const answer = await engine.run(groups, { abort, parameters: {} });
  return decodeAnswer(encodeAnswer(answer)).results;
}

function doubled({ name, datatype, shape, data }: NamedTensor): NamedTensor {
  const numbers = new Float32Array(data.buffer, data.byteOffset, data.length / 4).map(
    (one) => one * 2,
  );
  return { name, datatype, shape, data: new Uint8Array(numbers.buffer) };
}

const twice = (payload: Tensors): Tensors => ({
  ...payload,
  tensors: payload.tensors.map(doubled),
});

test("TensorEngine calls the model once for rows of one shape, whatever they came as", async () => {
  const calls: [number, string][] = [];
  const engine = new TensorEngine({ model, context }, (inputs, rows, ctx) => {
    calls.push([rows, JSON.stringify(ctx.shapes)]);
    return inputs.map(doubled);
  });
  const wrong: Tensors = { ...floats(1, 2), tensors: floats(1, 2, "z").tensors };
  const payloads = [
    floats(1, 2),
    floats(2, 2),
    floats(1, 3),
    jsonOf({ x: [1, 2] }),
    wrong,
    valuesOf({ x: [5, 6, 7] }, { x: [8, 9] }),
    floats(1, 2),
  ];
  const results = await run(engine, payloads);
  const [first, second, third, json, error, list, last] = results;
  expect([first, second, third, last]).toEqual(
    [floats(1, 2), floats(2, 2), floats(1, 3), floats(1, 2)].map(twice),
  );
  expect(plainResults({ computeMs: 0, results: [json, list] as BatchResult[] })).toEqual([
    [{ x: [2, 4] }],
    [{ x: Float32Array.of(10, 12, 14) }, { x: Float32Array.of(16, 18) }],
  ]);
  expect(error).toMatchObject({ error: { code: "usage.invalid-input" } });
  const shapes = (count: number, size: number): string =>
    JSON.stringify(Array.from({ length: count }, () => ({ x: [size] })));
  expect(calls).toEqual([
    [6, shapes(6, 2)],
    [2, shapes(2, 3)],
  ]);
});

test("TensorEngine lets a bad row fail alone", async () => {
  const engine = new TensorEngine({ model, context }, (inputs) => {
    const numbers = new Float32Array((inputs[0] as NamedTensor).data.slice().buffer);
    if (numbers.includes(-1)) throw new Error("negative");
    return inputs.map(doubled);
  });
  const results = await run(engine, [floats(2, 2), jsonOf({ x: [1, -1] }), floats(1, 2)]);
  expect(results[0]).toEqual(twice(floats(2, 2)));
  expect(results[1]).toEqual({ error: { code: "task.failed", message: "negative" } });
  expect(results[2]).toEqual(twice(floats(1, 2)));
});

test("TensorEngine refuses outputs of another number of rows", async () => {
  const engine = new TensorEngine({ model, context }, () => floats(3, 1).tensors);
  expect(await run(engine, [floats(2, 2)])).toEqual([
    {
      error: {
        code: "task.invalid-result",
        message: 'Cannot use outputs: "x" has shape [3, 1] for 2 rows',
      },
    },
  ]);
});

test("ItemEngine tells the shapes of free axes, for each part of a batch its own", async () => {
  const seen: unknown[] = [];
  const predict = (inputs: unknown[], ctx: PredictContext): unknown => {
    seen.push(ctx.shapes);
    if (inputs.length > 1) throw new Error("one at a time");
    return inputs;
  };
  const engine = new ItemEngine({ model: { ...model, predict }, context });
  const payloads = [floats(1, 2), valuesOf({ x: [1, 2, 3] })];
  const results = await run(engine, payloads);
  expect(results[0]).toEqual(floats(1, 2));
  expect(seen).toEqual([[{ x: [2] }, { x: [3] }], [{ x: [2] }], [{ x: [3] }]]);
});

test("ItemEngine gives outputs of several shapes to those who asked apart, and refuses them in one tensor", async () => {
  const predict = (inputs: { x: Float32Array }[]): unknown =>
    inputs.map(({ x }) => ({ x: x.subarray(0, x[0] === 100 ? 1 : 2) }));
  const engine = new ItemEngine({
    model: { ...model, predict: predict as LoadedModel["predict"] },
    context,
  });
  const [one, two, mixed] = await run(engine, [floats(1, 2), floats(1, 3, "x"), floats(2, 2)]);
  expect(one).toMatchObject({ tensors: [{ shape: [1, 1] }] });
  expect(two).toMatchObject({ tensors: [{ shape: [1, 1] }] });
  expect(mixed).toMatchObject({ tensors: [{ shape: [2, 2] }] });
  const uneven = (inputs: unknown[]): unknown =>
    inputs.map((_, index) => ({ x: new Float32Array(index + 1) }));
  const odd = new ItemEngine({ model: { ...model, predict: uneven }, context });
  const [alone, list] = await run(odd, [floats(1, 2), floats(2, 2)]);
  expect(alone).toMatchObject({ tensors: [{ shape: [1, 1] }] });
  expect(list).toMatchObject({
    error: { message: 'Cannot use output: "x": shape [2] of the first item, [3] of another' },
  });
});

test("ItemEngine does not try again what nobody waits for, and keeps the code of a DingError", async () => {
  let calls = 0;
  const abort = new LazyAbort();
  const predict = (): never => {
    calls += 1;
    abort.abort(new DingError("task.cancelled", "gone"));
    throw new DingError("usage.invalid-input", "too dark", { details: { path: "x" } });
  };
  const engine = new ItemEngine({ model: { ...model, predict }, context });
  const results = await run(engine, [floats(1, 2), floats(1, 2)], abort);
  expect(calls).toBe(1);
  expect(results).toEqual(
    Array.from({ length: 2 }, () => ({
      error: { code: "usage.invalid-input", message: "too dark", details: { path: "x" } },
    })),
  );
});

test("ItemEngine waits for outputs that are promises; one that fails does so alone", async () => {
  const predict = (items: unknown[]): unknown =>
    items.map(async (item) => {
      await Promise.resolve();
      // Also what is thrown as nothing must come to the client.
      // oxlint-disable-next-line no-throw-literal
      if (item === 2) throw null;
      return { got: item };
    });
  const engine = new ItemEngine({
    model: { platform: "test", input: undefined, output: undefined, predict },
    context,
  });
  const results = await run(engine, [valuesOf(1, 3), valuesOf(2), valuesOf(4)]);
  expect(plainResults({ computeMs: 0, results })).toEqual([
    [{ got: 1 }, { got: 3 }],
    "task.failed: Thrown value: null",
    [{ got: 4 }],
  ]);
});

test("stepsModel() waits for the promises in the list of each step", async () => {
  const later = (given: unknown): unknown[] =>
    (given as number[]).map(async (one) => (await Promise.resolve(one)) + 1);
  const plugin = stepsModel(
    {
      load: async () => ({
        model: 0,
        batching: later,
        preprocess: later,
        predict: later,
        postprocess: later,
      }),
    },
    "plugin.ts",
  );
  const engine = new ItemEngine({ model: await plugin.load(context), context });
  const results = await run(engine, [valuesOf(1, 2)]);
  expect(plainResults({ computeMs: 0, results })).toEqual([[5, 6]]);
});

test("a batch that was cancelled before it could begin never comes to the model", async () => {
  const abort = new LazyAbort();
  abort.abort(new DingError("task.cancelled", "Nobody waits for it any more"));
  let calls = 0;
  const predict = (items: unknown): unknown => {
    calls += 1;
    return items;
  };
  const errors: string[] = [];
  const log = { ...silentLogger, error: (message: string) => void errors.push(message) };
  const plain = { platform: "test", input: undefined, output: undefined, predict };
  const engine = new ItemEngine({ model: plain, context: { ...context, log } });
  const results = await run(engine, [valuesOf(1), valuesOf(2)], abort);
  expect([calls, errors]).toEqual([0, []]);
  expect(plainResults({ computeMs: 0, results })).toEqual(
    Array.from({ length: 2 }, () => "task.failed: Nobody waits for it any more"),
  );
});

test("ItemEngine tells the operator of outputs that do not fit, once for each reason", async () => {
  const errors: [string, object | undefined][] = [];
  const log = {
    ...silentLogger,
    error: (message: string, fields?: object) => void errors.push([message, fields]),
  };
  const predict = (items: unknown): unknown[] =>
    (items as number[]).map((item) => (item === 0 ? { y: [1.5] } : { y: [item] }));
  const output = { y: { datatype: "INT32", shape: [-1, 1] } } as const;
  const whole = { platform: "test", input: undefined, output, predict };
  const engine = new ItemEngine({ model: whole, context: { ...context, log } });
  const results = await run(engine, [valuesOf(0), jsonOf(7), valuesOf(0)]);
  const wrong = 'Cannot use output: "y.0": 1.5 is no INT32';
  const told = `task.invalid-result: ${wrong}`;
  expect(plainResults({ computeMs: 0, results })).toEqual([told, [{ y: [7] }], told]);
  expect(errors).toEqual([[`model "model" failed: ${wrong}`, { items: 2 }]]);
});

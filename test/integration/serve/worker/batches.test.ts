import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  jsonOf,
  plainResults,
  startModelWorker,
  valuesOf,
  type StartedWorker,
} from "../../../support/model-worker.ts";
import { tempFolder, type TempFolder } from "../../../support/temp-folder.ts";
import { until } from "../../../support/until.ts";

/** Does what its items say. */
const PLUGIN = `
import { HardWorker } from "ding";
export class Worker extends HardWorker {
  calls: number[] = [];
  async predict(_model: unknown, inputs: any[], ctx: any) {
    this.calls.push(inputs.length);
    this.recordStatistic({ items: inputs.length });
    const bad = inputs.find((input) => input.bad);
    if (bad) throw new Error("cannot use " + bad.bad);
    if (inputs.some((input) => input.short)) return inputs.slice(1);
    if (inputs.some((input) => input.die)) process.exit(7);
    const waits = inputs.some((input) => input.wait);
    if (waits) await new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
    return inputs.map((input) => (input.calls ? this.calls.splice(0) : input.value));
  }
}
`;

let folder: TempFolder;
let worker: StartedWorker;

beforeAll(async () => {
  folder = await tempFolder();
  const plugin = await folder.write("server.ts", PLUGIN);
  worker = startModelWorker({ plugin, exportName: "Worker" });
  await worker.loaded;
});

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function callsSoFar(): Promise<unknown> {
  return plainResults(await worker.infer([valuesOf({ calls: true })]))[0];
}

test("a batch is answered in the form in which each payload came", async () => {
  const payloads = [
    valuesOf({ value: 1 }, { value: "b" }),
    jsonOf({ value: [3] }),
    valuesOf({ value: new Map([["k", 1]]) }),
  ];
  const answer = await worker.infer(payloads);
  expect(plainResults(answer)).toEqual([[1, "b"], [[3]], [{ k: 1 }]]);
  expect(answer.computeMs).toBeGreaterThan(0);
});

test("an item that cannot be read fails alone, before predict", async () => {
  await callsSoFar();
  const broken = { ...valuesOf({}), values: [Uint8Array.of(0xc1)] };
  const answer = await worker.infer([
    valuesOf({ value: 1 }),
    jsonOf("{oops"),
    broken,
    valuesOf({ value: 2 }),
  ]);
  const [first, second, third, last] = plainResults(answer);
  expect([first, last]).toEqual([[1], [2]]);
  expect(second).toStartWith("usage.invalid-input: Cannot use input: Cannot decode JSON");
  expect(third).toStartWith("usage.invalid-input: Cannot use input: Cannot");
  expect(await callsSoFar()).toEqual([[2, 1]]);
});

test("an item for which predict throws fails alone, with its own words and no stack", async () => {
  await callsSoFar();
  const payloads = [1, 2, 3, 4, 5, 6, 7, 8].map((value) =>
    valuesOf(value === 6 ? { bad: "six" } : { value }),
  );
  const answer = await worker.infer(payloads);
  expect(plainResults(answer)).toEqual([
    [1],
    [2],
    [3],
    [4],
    [5],
    "task.failed: cannot use six",
    [7],
    [8],
  ]);
  expect(answer.results[5]).toEqual({ error: { code: "task.failed", message: "cannot use six" } });
  expect(await callsSoFar()).toEqual([[8, 4, 4, 2, 2, 1, 1, 1]]);
  await until(() => worker.output().includes("server.ts:"), { what: "the stack in the log" });
});

test("a list with a bad item fails as a whole, and nothing else does", async () => {
  const answer = await worker.infer([
    valuesOf({ value: 1 }),
    valuesOf({ value: 2 }, { bad: "two" }),
  ]);
  expect(plainResults(answer)).toEqual([[1], "task.failed: cannot use two"]);
});

test("outputs that are not as many as the items are nobody's, and the error says both numbers", async () => {
  await callsSoFar();
  const answer = await worker.infer([
    valuesOf({ value: 1 }, { short: true }),
    valuesOf({ value: 3 }),
  ]);
  const told = "task.invalid-result: Cannot use what predict returned: 2 for 3 items";
  expect(plainResults(answer)).toEqual([told, told]);
  expect(await callsSoFar()).toEqual([[3, 1]]);
});

test("an output that cannot travel fails alone", async () => {
  const answer = await worker.infer([valuesOf({ value: 1 }), jsonOf({ value: 2 })]);
  expect(plainResults(answer)).toEqual([[1], [2]]);
  await using odd = startModelWorker({
    plugin: await folder.write(
      "odd.ts",
      "export default (inputs) => inputs.map((i) => (i ? () => i : i));",
    ),
  });
  await odd.loaded;
  const [good, bad] = plainResults(await odd.infer([valuesOf(0), valuesOf(1)]));
  expect(good).toEqual([0]);
  expect(bad).toStartWith(
    "task.invalid-result: Cannot use output: Cannot encode value as msgpack: the value is a function",
  );
});

test("numbers that the code records come with the batch, also those of getEnv and getModel", async () => {
  worker.statistics.length = 0;
  await worker.infer([valuesOf({ value: 1 }, { value: 2 })]);
  expect(worker.statistics).toEqual([{ items: 2 }]);
  const plugin = await folder.write(
    "counting.ts",
    `import { HardWorker } from "ding";
    export default class extends HardWorker {
      getEnv() { this.recordStatistic({ env: 1, not: NaN }); }
      async getModel() { this.recordStatistic({ model: 2 }); }
    }`,
  );
  await using counting = startModelWorker({ plugin });
  await counting.loaded;
  expect(counting.statistics).toEqual([{ env: 1 }, { model: 2 }]);
});

test("a cancelled batch aborts the signal of the code", async () => {
  const stream = worker.stream(valuesOf({ wait: true }));
  await callAfter(() => stream.cancel());
  await stream.ended.catch((thrown: Error) =>
    expect(thrown.message).toContain("Nobody waits for it"),
  );
  expect(stream.pieces).toEqual([]);
  expect(plainResults(await worker.infer([valuesOf({ value: 1 })]))).toEqual([[1]]);
});

/** The worker begins in the order of its calls: a moment later the one before is at work. */
async function callAfter(run: () => void): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
  run();
}

test("a worker whose code ends the process fails the batch that it was at", async () => {
  const plugin = await folder.write(
    "dies.ts",
    PLUGIN.replace("export class", "export default class"),
  );
  await using dying = startModelWorker({ plugin });
  await dying.loaded;
  const failed = dying.infer([valuesOf({ die: true })]).catch((thrown: unknown) => thrown);
  expect(await failed).toMatchObject({
    code: "worker.exited",
    message: "The worker process exited with code 7",
  });
});

import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import type { NamedTensor, Tensors } from "../../../../src/serve/inference.ts";
import { createSharedMemory } from "../../../../src/serve/shared-memory.ts";
import { Chance } from "../../../support/chance.ts";
import { startModelWorker, valuesOf } from "../../../support/model-worker.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const MIB = 1024 * 1024;

/** A model that gives back what it gets; an item that begins with 666 never ends. */
const ECHO = `
const bytes = { datatype: "FP32", shape: [-1, -1] };
export default {
  input: { x: bytes },
  output: { x: bytes },
  predict: (_model, inputs) => (inputs[0].x[0] === 666 ? new Promise(() => {}) : inputs),
};
`;

function tensor(size: number, first: number): Tensors {
  const numbers = Float32Array.from({ length: size }, (_, index) => first + index);
  const x: NamedTensor = {
    name: "x",
    datatype: "FP32",
    shape: [1, size],
    data: new Uint8Array(numbers.buffer),
  };
  return { kind: "tensors", rows: 1, tensors: [x] };
}

test("tensors of any size come back as they went, several at a time, through memory that is too small for all", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("echo.ts", ECHO);
  using memory = createSharedMemory({
    workers: 1,
    batchWindows: [2 * MIB],
    answerWindows: [2 * MIB],
  });
  expect(memory).toBeDefined();
  await using worker = startModelWorker({ plugin, memory });
  expect((await worker.loaded).sharesMemory).toBe(true);
  const chance = new Chance(5);
  const runs = Array.from({ length: 120 }, async () => {
    const payloads = Array.from({ length: chance.integer(1, 3) }, () => {
      const size = Math.round(2 ** (chance.next() * 18));
      return tensor(size, chance.integer(0, 600));
    });
    expect((await worker.infer(payloads)).results).toEqual(payloads);
  });
  await Promise.all(runs);
});

test("a worker that is killed takes nothing with it, and leaves nothing behind", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("echo.ts", ECHO);
  using memory = createSharedMemory({ workers: 1, batchWindows: [MIB], answerWindows: [MIB] });
  const large = tensor(200_000, 0);
  for (let round = 0; round < 3; round++) {
    await using worker = startModelWorker({ plugin, memory });
    await worker.loaded;
    expect((await worker.infer([large])).results).toEqual([large]);
    const stuck = worker.infer([tensor(200_000, 666)]).catch((thrown: unknown) => thrown);
    worker.process.kill();
    expect(await stuck).toMatchObject({ code: "worker.exited" });
  }
  // It never had a name; what others put beside it, at the same time, is none of our business.
  expect(statSync(memory?.lend("w0")?.path ?? "").nlink).toBe(0);
  // All of the memory is free again.
  const place = memory?.take(MIB);
  expect(place).toBeDefined();
});

test("what a model keeps of small arrays and of values stays what it was", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write(
    "keeps.ts",
    `let kept;
    export default (inputs) => { const told = kept ?? null; kept ??= inputs[0].bytes; return inputs.map(() => told); };`,
  );
  using memory = createSharedMemory({ workers: 1, batchWindows: [MIB], answerWindows: [MIB] });
  await using worker = startModelWorker({ plugin, memory });
  await worker.loaded;
  const first = new Uint8Array(100_000).fill(1);
  await worker.infer([valuesOf({ bytes: first })]);
  for (let round = 2; round < 6; round++) {
    const { results } = await worker.infer([
      valuesOf({ bytes: new Uint8Array(100_000).fill(round) }),
    ]);
    expect(results).toEqual([valuesOf(first)]);
  }
});

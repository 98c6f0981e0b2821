import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { BatchAnswer } from "../../../../src/serve/batch-frame.ts";
import {
  jsonOf,
  plainResults,
  startModelWorker,
  valuesOf,
  type StartedWorker,
} from "../../../support/model-worker.ts";
import { tempFolder, type TempFolder } from "../../../support/temp-folder.ts";
import { until } from "../../../support/until.ts";

/** Streams what its item says; writes a file when it is left. */
const PLUGIN = `
import { writeFileSync } from "node:fs";
let ended = 0;
export default {
  async *generate(_model, item, ctx) {
    if (item.throws === "at once") throw new Error("not today");
    try {
      for (let index = 0; index < (item.count ?? Infinity); index++) {
        if (item.throws === index) throw new Error("stuck at " + index);
        if (item.waitAt === index) await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
        yield item.large ? new Uint8Array(item.large) : { index, of: ctx.parameters.of };
      }
    } finally {
      if (item.lingers) await new Promise((resolve) => setTimeout(resolve, 100));
      ended += 1;
      if (item.file) writeFileSync(item.file, String(ctx.signal.aborted));
    }
  },
  predict: (_model, inputs) => inputs.map((input) => (input === "ended" ? ended : input)),
};
`;

let folder: TempFolder;
let worker: StartedWorker;

beforeAll(async () => {
  folder = await tempFolder();
  worker = startModelWorker({ plugin: await folder.write("streams.ts", PLUGIN) });
  await worker.loaded;
});

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const piecesOf = (pieces: readonly BatchAnswer[]): unknown[] => pieces.flatMap(plainResults).flat();

test("a stream gives every piece in order, and ends", async () => {
  const stream = worker.stream(jsonOf({ count: 3 }), { of: "x" });
  await stream.ended;
  expect(piecesOf(stream.pieces)).toEqual([0, 1, 2].map((index) => ({ index, of: "x" })));
  const many = worker.stream(valuesOf({ count: 20_000 }));
  await many.ended;
  expect(many.pieces.length).toBe(20_000);
  expect(piecesOf(many.pieces).at(-1)).toMatchObject({ index: 19_999 });
});

test("a generator waits while its reader takes nothing: it is not asked for more than a window", async () => {
  for (const [item, window] of [
    [{ count: 10_000 }, 256],
    [{ count: 10_000, large: 300_000 }, 4],
  ] as const) {
    const stream = worker.unread(valuesOf(item));
    await until(() => stream.pieces.length === window, { what: "a full window" });
    stream.take(1);
    await until(() => stream.pieces.length === window + 1, { what: "one piece more" });
    stream.take(window / 2);
    await until(() => stream.pieces.length === window + 1 + window / 2, { what: "half a window" });
    // What was asked after it is answered after it: nothing more has come meanwhile.
    stream.cancel();
    await stream.ended.catch(() => {});
    expect(stream.pieces.length).toBe(window + 1 + window / 2);
  }
});

test("a stream that throws ends with its words, after the pieces before", async () => {
  for (const [throws, pieces, words] of [
    ["at once", 0, "not today"],
    [2, 2, "stuck at 2"],
  ] as const) {
    const stream = worker.stream(valuesOf({ throws }));
    expect(await stream.ended.catch((thrown: unknown) => thrown)).toMatchObject({
      code: "task.failed",
      message: words,
    });
    expect(stream.pieces.length).toBe(pieces);
  }
});

test("a stream that nobody reads on aborts the signal, and returns the generator", async () => {
  for (const [name, item] of [
    ["waits.txt", { waitAt: 1 }],
    ["spins.txt", { count: 1e9 }],
  ] as const) {
    const file = folder.file(name);
    const stream = worker.stream(valuesOf({ ...item, file }));
    await until(() => stream.pieces.length > 0, { what: "the first piece" });
    stream.cancel();
    expect(await stream.ended.catch((thrown: unknown) => thrown)).toMatchObject({
      code: "task.cancelled",
    });
    await until(() => existsSync(file), { what: "the end of the generator" });
    expect(await Bun.file(file).text()).toBe("true");
  }
});

test("what runs next does not run beside a generator that takes its time to leave", async () => {
  const endings = async (): Promise<number> => {
    const [[ended] = []] = plainResults(await worker.infer([valuesOf("ended")])) as number[][];
    return ended ?? 0;
  };
  const before = await endings();
  const stream = worker.stream(valuesOf({ waitAt: 1, lingers: true }));
  await until(() => stream.pieces.length > 0, { what: "the first piece" });
  stream.cancel();
  const [after] = await Promise.all([endings(), stream.ended.catch(() => {})]);
  expect(after).toBe(before + 1);
});

test("a model without generate gives its output as the only piece", async () => {
  const plugin = await folder.write(
    "plain.ts",
    "export default (inputs) => inputs.map((input) => { if (input < 0) throw new Error('negative'); return input + 1; });",
  );
  await using plain = startModelWorker({ plugin });
  expect((await plain.loaded).streams).toBe(false);
  const stream = plain.stream(valuesOf(1));
  await stream.ended;
  expect(piecesOf(stream.pieces)).toEqual([2]);
  const failing = plain.stream(valuesOf(-1));
  expect(await failing.ended.catch((thrown: unknown) => thrown)).toMatchObject({
    message: "negative",
  });
});

test("a stream of several items, or of what cannot be read, is refused; so is a batch where a model only streams", async () => {
  const refused = async (stream: ReturnType<StartedWorker["stream"]>): Promise<string> =>
    await stream.ended.then(
      () => "",
      (thrown: unknown) => (thrown as Error).message,
    );
  expect(await refused(worker.stream(valuesOf({}, {})))).toBe(
    "Cannot stream: one item at a time: got 2",
  );
  expect(await refused(worker.stream(jsonOf("{")))).toStartWith(
    "Cannot use input: Cannot decode JSON",
  );
  const plugin = await folder.write(
    "only.ts",
    `export default {
      input: { n: { datatype: "INT32", shape: [-1] } },
      output: { y: { datatype: "INT32", shape: [-1] } },
      *generate(_model, { n }) { for (let index = 0; index < n[0]; index++) yield { y: index === 2 ? 0.5 : index }; },
    };`,
  );
  await using only = startModelWorker({ plugin });
  await only.loaded;
  expect(await only.infer([valuesOf({ n: 1 })]).catch((thrown: unknown) => thrown)).toMatchObject({
    code: "usage.invalid-input",
    message: 'Cannot infer: model "model" only streams its answers',
  });
  const stream = only.stream(valuesOf({ n: 5 }));
  expect(await refused(stream)).toBe('Cannot use output: "y": 0.5 is no INT32');
  expect(piecesOf(stream.pieces)).toEqual([{ y: Int32Array.of(0) }, { y: Int32Array.of(1) }]);
});

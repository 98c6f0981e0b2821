import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import {
  minSize,
  sampleToInsertRatio,
  type SampleToInsertRatioOptions,
} from "../../../src/replay/limiter/rate-limiter.ts";
import { Replay } from "../../../src/replay/replay.ts";
import type { ReplayOptions, Steps } from "../../../src/replay/replay-options.ts";
import type { TableOptions } from "../../../src/replay/table-options.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const SCHEMA = { obs: { dtype: "float32", shape: [2] }, action: "int32", kind: "uint8" } as const;

const THROWING = `
import { Replay } from ${JSON.stringify(join(import.meta.dir, "../../../src/replay/replay.ts"))};
const [released, uncaught] = [[], []];
process.on("uncaughtException", (thrown) => uncaught.push(String(thrown)));
const replay = new Replay({
  tables: [{ name: "t", maxSize: 2 }],
  onRelease(step) {
    released.push(step);
    throw new Error("cannot delete " + step);
  },
});
await replay.insert([1, 2]);
const inserted = await replay.insert([3, 4]);
setImmediate(() => {
  const { size } = replay.stats("t");
  process.stdout.write(JSON.stringify({ inserted, size, released, uncaught }));
});
`;

function replayOf(table: Partial<TableOptions> = {}): Replay {
  return new Replay({
    schema: SCHEMA,
    tables: [{ name: "t", maxSize: 8, sampler: "fifo", ...table }],
  });
}

test.each([
  [{ obs: [1, 2], action: [1.5], kind: [0] }, /"action" of step 0: 1.5 is no int32/],
  [{ obs: [1, 2, 3, 4], action: [1, 1], kind: [0, 300] }, /"kind" of step 1: 300 is no uint8/],
  [{ obs: [1, 2], action: [NaN], kind: [0] }, /"action".*NaN is no int32/],
  [{ obs: ["1", 2], action: [1], kind: [0] }, /"obs" of step 0: it has a value of type string/],
  [{ obs: [1, null], action: [1], kind: [0] }, /"obs" of step 0: it has null/],
  [{ obs: [1, 2], action: new BigInt64Array(1), kind: [0] }, /"action".*type bigint/],
  [{ obs: [[1], [2, 3, 4]], action: [1, 1], kind: [0, 0] }, /"obs" of step 0: 1 numbers, not 2/],
  [{ obs: new ArrayBuffer(8), action: [1], kind: [0] }, /"obs": a value of type object/],
  [[{ obs: [1, 2, 3], action: 1, kind: 0 }], /"obs" of step 0: 3 numbers, not 2/],
  [[{ obs: [1, 2], action: 1 }], /"kind" of step 0: it is missing/],
  [[{ obs: [1, 2], action: "1", kind: 0 }], /"action" of step 0: it has a value of type string/],
  [{ obs: [1, 2], action: [1], kind: [0], reward: [1] }, /"reward": no such column/],
  [[null], /step 0: it is no object/],
  [[7], /step 0: it is no object/],
  [null, /no list/],
  [undefined, /no list/],
  ["steps", /no list/],
])("insert(%p) is refused with what is wrong, and nothing is in", async (steps, message) => {
  const replay = replayOf();
  const thrown = await thrownBy(replay.insert(steps as Steps));
  expect(thrown).toMatchObject({ code: "usage.invalid-input" });
  expect((thrown as Error).message).toMatch(message);
  expect([replay.steps, replay.stats("t").inserted]).toEqual([0, 0]);
});

test("insert() takes lists in lists, other typed arrays and booleans where nothing of them is lost", async () => {
  const replay = replayOf({ maxUse: 1 });
  await replay.insert({ obs: [[1, 2], Float64Array.of(3, 4)], action: [5, 6], kind: [true, 0] });
  await replay.insert([{ obs: [[7], [8]], action: 9, kind: false, besides: "" }]);
  const { columns } = replay.trySample("t", 3) ?? { columns: {} };
  expect(columns).toEqual({
    obs: Float32Array.of(1, 2, 3, 4, 7, 8),
    action: Int32Array.of(5, 6, 9),
    kind: Uint8Array.of(1, 0, 0),
  });
});

test("insert() without a schema asks for a list", async () => {
  const replay = new Replay({ tables: [{ name: "t", maxSize: 2 }] });
  expect(await thrownBy(replay.insert({ obs: [1] }))).toMatchObject({
    hint: "Without a schema, give a list.",
  });
});

test.each([[-1], [NaN], [Infinity], ["3"], [[1, 2]], [[-1]], [["1"]], [true]])(
  "insert() refuses priority %j",
  async (priority) => {
    const replay = replayOf();
    const steps = [{ obs: [1, 2], action: 1, kind: 0 }];
    const thrown = await thrownBy(
      replay.insert(steps, { priority: priority as unknown as number }),
    );
    expect(thrown).toMatchObject({ code: "usage.invalid-input" });
    expect(replay.steps).toBe(0);
  },
);

test("insert() gives items whose priority is null the highest so far", async () => {
  const replay = new Replay({ tables: [{ name: "t", maxSize: 8, sampler: "fifo", maxUse: 1 }] });
  await replay.insert(["a", "b", "c"], { priority: [3, null, 1] });
  expect([...(replay.trySample("t", 3)?.draw.priorities ?? [])]).toEqual([3, 3, 1]);
});

test("priorities may be as large or as small as numbers are: chances and weights stay numbers", async () => {
  const table = { name: "t", maxSize: 8, sampler: "prioritized" as const, alpha: 2 };
  const replay = new Replay({ tables: [table] });
  await replay.insert(["huge", "huger", 1], { priority: [1e200, 1e308, 1] });
  const huge = replay.trySample("t", 64);
  expect(new Set(huge?.items())).toEqual(new Set(["huge", "huger"]));
  expect(huge?.weights.every((weight) => weight === 1)).toBe(true);
  replay.updatePriorities("t", huge?.keys ?? [], new Float64Array(64));
  const keys = replay.trySample("t", 1)?.keys ?? [];
  replay.updatePriorities("t", keys, [1e-200]);
  expect(replay.trySample("t", 64)?.items()).toEqual(Array.from({ length: 64 }, () => 1));
});

test("onRelease that throws stops nobody: it is told of every step, and its error is uncaught", () => {
  const { stdout } = spawnSync(process.execPath, ["--eval", THROWING], { encoding: "utf8" });
  expect(JSON.parse(stdout)).toEqual({
    inserted: { accepted: 2, dropped: 0 },
    size: 2,
    released: [1, 2],
    uncaught: ["Error: cannot delete 1", "Error: cannot delete 2"],
  });
});

test("a wait of more than 24 days is one, and of NaN ms none", async () => {
  const replay = new Replay({ tables: [{ name: "t", maxSize: 2 }] });
  const ended: string[] = [];
  const long = thrownBy(replay.sample("t", 1, { timeoutMs: 2 ** 33 })).then(() =>
    ended.push("long"),
  );
  await new Promise<void>((resolve) => void systemClock.after(5, resolve));
  expect(ended).toEqual([]);
  expect(await thrownBy(replay.sample("t", 1, { timeoutMs: NaN }))).toMatchObject({
    code: "usage.invalid-input",
  });
  replay.close();
  await long;
});

test.each([
  [{ maxStalenes: 3 }, /tables\[0\]\.maxStalenes: there is no such option/],
  [{ sampler: "best" }, /tables\[0\]\.sampler: there is no "best"/],
  [{ remover: "prioritised" }, /tables\[0\]\.remover/],
  [{ limiter: 3 }, /tables\[0\]\.limiter: it is no object/],
  [{ limiter: { ...minSize(1), max: 3 } }, /tables\[0\]\.limiter\.max: there is no such option/],
  [{ maxSize: 2 ** 28 + 1 }, /tables\[0\]\.maxSize/],
  [{ alpha: -1 }, /tables\[0\]\.alpha/],
  [{ mode: "wait" }, /tables\[0\]\.mode/],
])("new Replay() refuses a table with %j", (options, message) => {
  expect(() => replayOf(options as Partial<TableOptions>)).toThrow(message);
});

test.each([
  [undefined, /options: it is no object/],
  [{}, /tables: there is none/],
  [{ tables: [null] }, /tables\[0\]: it is no object/],
  [{ tables: [{ name: "t", maxSize: 1 }], schemas: {} }, /options\.schemas: there is no such/],
  [{ tables: [{ name: "t", maxSize: 1 }], schema: { a: null } }, /schema\.a: it is no object/],
  [{ tables: [{ name: "t", maxSize: 1 }], schema: { a: { dtype: "int8", shape: 3 } } }, /a\.shape/],
  [
    { tables: [{ name: "t", maxSize: 1 }], schema: { a: { dtype: "int8", shap: [3] } } },
    /a\.shap:/,
  ],
])("new Replay(%j) is refused with the path of the fault", (options, message) => {
  expect(() => new Replay(options as unknown as ReplayOptions)).toThrow(message);
});

test("sampleToInsertRatio() says that its errorBuffer is missing", () => {
  const options = { samplesPerInsert: 1, minSizeToSample: 1 };
  for (const errorBuffer of [undefined, [1], "3"]) {
    const given = { ...options, errorBuffer } as unknown;
    expect(() => sampleToInsertRatio(given as SampleToInsertRatioOptions)).toThrow(
      /limiter\.errorBuffer: it is neither/,
    );
  }
});

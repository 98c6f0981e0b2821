import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { MESSAGE_BODY_LIMIT_BYTES } from "../../../src/rpc/body.ts";
import { endOf, startPair, thrownBy, type Pair } from "../../support/interaction.ts";

const startEcho = (): Promise<Pair> =>
  startPair((task: unknown) => {
    // "make": what the master cannot send must be born here.
    const { make } = (task ?? {}) as { make?: string };
    return make === undefined ? task : MADE[make]?.();
  });

const MADE: Record<string, () => unknown> = {
  undefined: () => undefined,
  function: () => ({ nested: { callback: () => {} } }),
  symbol: () => Symbol("x"),
  circle: () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    return circle;
  },
  deep: () => nested(1_100),
  "very deep": () => nested(100_000),
  large: () => new Uint8Array(MESSAGE_BODY_LIMIT_BYTES + 1),
  "just fits": () => new Uint8Array(MESSAGE_BODY_LIMIT_BYTES - 5),
};

function nested(depth: number): unknown {
  let value: unknown = "bottom";
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

const VALUES: [name: string, value: unknown][] = [
  ["zero", 0],
  ["empty text", ""],
  ["empty list", []],
  ["empty object", {}],
  ["false", false],
  ["true", true],
  ["null", null],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["minus Infinity", Number.NEGATIVE_INFINITY],
  ["a fraction", 0.1],
  ["a great integer", Number.MAX_SAFE_INTEGER],
  ["a small integer", Number.MIN_SAFE_INTEGER],
  ["nothings in a list", [null, false, 0, "", [], {}]],
  ["an object", { a: { b: [1, { c: null, d: "ö€😀" }] }, "": 1 }],
  ["bytes", new Uint8Array([0, 1, 255])],
  ["no bytes", new Uint8Array(0)],
  ["doubles", new Float64Array([0.1, Number.POSITIVE_INFINITY, -1e300])],
  ["floats", new Float32Array([1.5, -2])],
  ["integers", new Int32Array([-5, 5])],
  ["a date", new Date("2026-11-21T08:00:00.123Z")],
  ["a set", new Set([1, "two"])],
  ["a long text", "x".repeat(100_000)],
];

test.each(VALUES)("%s crosses unchanged, there and back", async (_name, value) => {
  await using pair = await startEcho();
  const task = await pair.connection.newTask({ value }).start().join();
  expect(endOf(task)).toEqual(["COMPLETED", { value }]);
  const bare = await pair.connection.newTask(value).start().join();
  expect(endOf(bare)).toEqual(["COMPLETED", value]);
});

test("undefined as a result stays undefined", async () => {
  await using pair = await startEcho();
  const task = await pair.connection.newTask({ make: "undefined" }).start().join();
  expect([task.status, task.result]).toEqual(["COMPLETED", undefined]);
});

test("five megabytes cross there and back as bytes and as a plain list", async () => {
  await using pair = await startEcho();
  const doubles = Float64Array.from({ length: 655_360 }, (_, index) => index / 3);
  const list = Array.from({ length: 500_000 }, (_, index) => index / 3);
  for (const value of [doubles, list]) {
    const task = await pair.connection.newTask(value).start().join();
    expect(task.status).toBe("COMPLETED");
    expect(Bun.deepEquals(task.result, value)).toBe(true);
  }
});

test.each([
  ["function", '"nested.callback" is a function'],
  ["symbol", "symbol"],
  ["circle", '"self" contains itself'],
  ["deep", "nested"],
  ["very deep", "nested deeper than 1000 levels"],
  ["large", "the limit is"],
])("a result that cannot travel (%s) fails its task and says why", async (make, why) => {
  await using pair = await startEcho();
  const { connection } = pair;
  const task = await connection.newTask({ make }).start().join();
  expect([task.status, task.result]).toEqual(["FAILED", undefined]);
  const error = task.error as DingError;
  expect([error.code, error.message]).toEqual([
    "task.invalid-result",
    expect.stringContaining(why),
  ]);
  expect(endOf(await connection.newTask(7).start().join())).toEqual(["COMPLETED", 7]);
  expect(connection.isConnected).toBe(true);
});

test.each([
  ["function", '"nested.callback" is a function'],
  ["circle", '"self" contains itself'],
  ["very deep", "nested deeper than 1000 levels"],
  ["large", "the limit is"],
])("task data that cannot travel (%s) rejects start() and harms nothing", async (make, why) => {
  await using pair = await startEcho();
  const { connection, slave } = pair;
  const task = connection.newTask(MADE[make]?.());
  const error = (await thrownBy(task.start())) as DingError;
  expect([error.code, error.message]).toEqual(["task.invalid-data", expect.stringContaining(why)]);
  expect([task.status, (await task.join()).error]).toEqual(["START_FAILED", error]);
  expect(endOf(await connection.newTask(7).start().join())).toEqual(["COMPLETED", 7]);
  expect(slave.status().counts).toMatchObject({ accepted: 1 });
});

test("task data that the slave cannot read is refused, and the connection goes on", async () => {
  await using pair = await startEcho();
  const { connection } = pair;
  const task = connection.newTask(nested(1_100));
  expect((await thrownBy(task.start())).message).toContain("nested");
  expect(task.status).toBe("START_FAILED");
  expect(endOf(await connection.newTask(7).start().join())).toEqual(["COMPLETED", 7]);
});

test("the longest data and the longest result pass", async () => {
  await using pair = await startEcho();
  const { connection } = pair;
  const made = await connection.newTask({ make: "just fits" }).start().join();
  expect([made.status, (made.result as Uint8Array).length]).toEqual([
    "COMPLETED",
    MESSAGE_BODY_LIMIT_BYTES - 5,
  ]);
  const sent = await connection.newTask(MADE["just fits"]?.()).start().join();
  expect([sent.status, (sent.result as Uint8Array).length]).toEqual([
    "COMPLETED",
    MESSAGE_BODY_LIMIT_BYTES - 5,
  ]);
});

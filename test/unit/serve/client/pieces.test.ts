import { expect, test } from "bun:test";
import { DeadlineTimer } from "../../../../src/core/deadline-timer.ts";
import type { DingError } from "../../../../src/core/errors.ts";
import { VERSION } from "../../../../src/core/version.ts";
import { Ask } from "../../../../src/serve/client/ask.ts";
import { AskQueue } from "../../../../src/serve/client/ask-queue.ts";
import { Inflow } from "../../../../src/serve/client/inflow.ts";
import { askedModel } from "../../../../src/serve/client/asked-model.ts";
import { checkLengthOf } from "../../../../src/serve/client/length.ts";
import { isSameRelease, readWelcome } from "../../../../src/serve/client/welcome.ts";
import type { ModelFacts } from "../../../../src/serve/inference.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeModels } from "../../../support/fake-models.ts";
import { thrownBy } from "../../../support/interaction.ts";

function newAsk(
  clock: FakeClock,
  id: string,
  timeoutMs = 1_000,
  signal?: AbortSignal,
): Ask & { told: unknown[] } {
  const told: unknown[] = [];
  const ask = new Ask(
    { method: "infer", meta: { id }, body: undefined, timeoutMs, signal, clock },
    { reply: (body) => told.push(body), fail: (error) => told.push(error) },
  );
  return Object.assign(ask, { told });
}

test("AskQueue gives back what returns first, each in the order in which it was asked", () => {
  const clock = new FakeClock();
  const queue = new AskQueue();
  const asks = Array.from({ length: 3_000 }, (_, index) => newAsk(clock, `${index}`));
  for (const ask of asks) queue.add(ask);
  const take = (): string | undefined => {
    const next = queue.peek();
    if (next) queue.take();
    return next?.init.meta.id;
  };
  const first = [take(), take(), take()];
  expect(first).toEqual(["0", "1", "2"]);
  for (const index of [2, 0]) queue.giveBack(asks[index] as Ask);
  asks[3]?.fail(new Error("no"));
  expect([take(), take(), take()]).toEqual(["0", "2", "4"]);
  queue.giveBack(asks[1] as Ask);
  asks[1]?.fail(new Error("no"));
  expect(queue.takeAll().map(({ init }) => init.meta.id)).toEqual(
    asks.slice(5).map(({ init }) => init.meta.id),
  );
  expect(queue.peek()).toBeUndefined();
});

test("Ask fails at its deadline, once, and says where it stood", () => {
  const clock = new FakeClock();
  const ask = newAsk(clock, "7", 50);
  ask.bound(new DeadlineTimer(clock, (one) => one.late()));
  expect(ask.meta(undefined)).toEqual({ id: "7", timeoutMs: 50 });
  ask.wait();
  clock.advance(20);
  expect(ask.meta(undefined)).toEqual({ id: "7", timeoutMs: 30 });
  clock.advance(30);
  expect(ask.told).toHaveLength(1);
  const error = ask.told[0] as DingError;
  expect([error.code, error.message]).toEqual([
    "task.timed-out",
    'Cannot wait longer for request "7": 50 ms passed, it still waits to be sent',
  ]);
  ask.reply(undefined);
  ask.withdraw(new Error("late"));
  expect(ask.told).toHaveLength(1);
});

test("Ask fails with its signal's reason, also when that has aborted before", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const ask = newAsk(clock, "1", 50, stop.signal);
  stop.abort(new Error("enough"));
  expect(ask.told).toEqual([new Error("enough")]);
  const late = newAsk(clock, "2", 50, stop.signal);
  expect(late.told).toEqual([]);
  await Promise.resolve();
  expect(late.told).toEqual([new Error("enough")]);
  expect(clock.pending).toBe(0);
});

test("Inflow gives what came, then how it ended", async () => {
  const inflow = new Inflow<number>();
  inflow.put(1, 10);
  inflow.put(2, 5);
  expect([inflow.size, inflow.bytes]).toEqual([2, 15]);
  expect(await inflow.take()).toMatchObject({ value: 1 });
  inflow.end(new Error("over"));
  inflow.put(3, 1);
  inflow.end();
  expect(await inflow.take()).toMatchObject({ value: 2 });
  expect((await thrownBy(inflow.take())).message).toBe("over");
  expect(inflow.bytes).toBe(0);
  const waiting = new Inflow<number>();
  const next = waiting.take();
  waiting.end();
  expect(await next).toBeUndefined();
});

test("readWelcome() compares major and minor number, and says both", () => {
  const checks = { checkVersion: true, ignoreAllChecks: false };
  const [major = "", minor = ""] = VERSION.split(".");
  expect(readWelcome({ version: `${major}.${minor}.99`, models: [] }, "n1", checks).models).toEqual(
    [],
  );
  const other = { version: "99.1.0", models: [] };
  expect(() => readWelcome(other, "n1:1", checks)).toThrow(
    `Cannot use n1:1: its version is 99.1.0, that of this client is ${VERSION}`,
  );
  expect(readWelcome(other, "n1", { ...checks, checkVersion: false }).version).toBe("99.1.0");
  expect(() => readWelcome({ hello: 1 }, "n1", { ...checks, checkVersion: false })).toThrow(
    /does not say what it serves/,
  );
  expect(readWelcome(undefined, "n1", { ...checks, ignoreAllChecks: true }).models).toEqual([]);
  expect([isSameRelease("1.2.3", "1.2"), isSameRelease("1.2.3", "1.20.3")]).toEqual([true, false]);
});

function factsOf(facts: Partial<ModelFacts>): ModelFacts | undefined {
  return new FakeModels({ m: { predict: (item) => item, facts } }).list()[0];
}

test("checkLengthOf() refuses texts and lists that the model's schema or signature has no room for", () => {
  const text = factsOf({ inputSchema: { type: "string", maxLength: 3 } });
  const list = factsOf({ inputSchema: { type: "array", maxItems: 2 } });
  const tensor = factsOf({ input: { x: { datatype: "FP32", shape: [-1, 2, 2] } } });
  const any = factsOf({ input: { x: { datatype: "FP32", shape: [-1, -1] } } });
  const deep = factsOf({
    inputSchema: {
      type: "object",
      properties: {
        title: { type: "string", maxLength: 2 },
        texts: { type: "array", items: { type: "string", maxLength: 3 }, maxItems: 2 },
      },
    },
  });
  const fits: [unknown, ModelFacts | undefined][] = [
    ["abc", text],
    [{ title: "ab", texts: ["abc", "abc"], other: "x".repeat(9) }, deep],
    [{ texts: 5 }, deep],
    [null, deep],
    [5, text],
    [[1, 2], list],
    [{ x: new Float32Array(4) }, tensor],
    [new Float32Array(4), tensor],
    [null, tensor],
    [{ x: new Float32Array(400) }, any],
    ["x".repeat(10_000), factsOf({})],
    ["x", undefined],
  ];
  for (const [item, facts] of fits) expect(() => checkLengthOf(item, facts)).not.toThrow();
  const breaks: [unknown, ModelFacts | undefined][] = [
    ["abcd", text],
    [[1, 2, 3], list],
    [{ x: new Float32Array(5) }, tensor],
    [[1, 2, 3, 4, 5], tensor],
    [{ title: "abc" }, deep],
    [{ texts: ["", "", ""] }, deep],
    [{ texts: ["", "abcd"] }, deep],
  ];
  for (const [item, facts] of breaks) {
    expect(() => checkLengthOf(item, facts)).toThrow(/its length is \d, model "m" takes \d/);
  }
  expect(() => checkLengthOf({ texts: ["", "abcd"] }, deep)).toThrow('item: "texts.1": its length');
});

test("askedModel() is the version that is named, else the greatest that is ready", () => {
  const one = (name: string, version: string, state: ModelFacts["state"] = "READY"): ModelFacts =>
    ({ ...factsOf({}), name, version, state }) as ModelFacts;
  const models = [one("a", "1"), one("a", "10"), one("a", "9"), one("a", "11", "LOADING")];
  const found = (model?: string, version?: string): string | undefined =>
    askedModel([...models, one("b", "1")], { model, version })?.version;
  expect([found(), found("a"), found("a", "9"), found("a@1")]).toEqual(["10", "10", "9", "1"]);
  expect([found("a", "11"), found("a", "2"), found("c")]).toEqual(["11", undefined, undefined]);
  expect(askedModel([], { model: undefined, version: undefined })).toBeUndefined();
});

import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import { Desk, type Question } from "../../../../src/serve/native/desk.ts";
import type { Asked, Outcome } from "../../../../src/serve/native/run.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeModels, untilAborted, type FakePredict } from "../../../support/fake-models.ts";
import { Gate } from "../../../support/interaction.ts";

function newDesk(
  predict: FakePredict,
  options: { maxBytes?: number; isStopping?: () => boolean } = {},
): { desk: Desk; models: FakeModels; clock: FakeClock } {
  const clock = new FakeClock();
  const models = new FakeModels({ model: predict });
  return { desk: new Desk(models, { clock, isStopping: () => false, ...options }), models, clock };
}

function question(key: string | undefined, item: unknown = 1): Question {
  const values = [msgpack.encode(item)];
  return { key, client: "c", values: { kind: "values", form: "msgpack", values } };
}

async function resultOf(asked: Asked): Promise<unknown> {
  const outcome = await asked.outcome;
  if ("error" in outcome) return outcome.error.code;
  return outcome.values.values.map((value) => msgpack.decode(value));
}

test("ask() runs a request of a known name once, while it runs and when it is answered", async () => {
  const gate = new Gate();
  let runs = 0;
  const { desk } = newDesk(async (item) => {
    runs += 1;
    await gate.pass();
    return [item, runs];
  });
  const first = desk.ask(question("k"));
  const second = desk.ask(question("k"));
  expect(desk.open).toBe(1);
  gate.open();
  expect(await Promise.all([first, second].map(resultOf))).toEqual([[[1, 1]], [[1, 1]]]);
  expect(await resultOf(desk.ask(question("k")))).toEqual([[1, 1]]);
  expect(await resultOf(desk.ask(question("other")))).toEqual([[1, 2]]);
  expect(await resultOf(desk.ask(question(undefined)))).toEqual([[1, 3]]);
  expect(desk.open).toBe(0);
});

test("ask() runs a request again after its time, and after it was cancelled, refused or late", async () => {
  const codes = ["task.cancelled", "queue.full", "task.timed-out", "model.not-ready"] as const;
  let runs = 0;
  const { desk, clock } = newDesk(() => {
    const code = codes[runs++];
    if (code) throw new DingError(code, "no");
    return "yes";
  });
  for (const code of codes) expect(await resultOf(desk.ask(question("k")))).toBe(code);
  expect(await resultOf(desk.ask(question("k")))).toEqual(["yes"]);
  clock.advance(59_999);
  await resultOf(desk.ask(question("k")));
  expect(runs).toBe(5);
  clock.advance(1);
  await resultOf(desk.ask(question("k")));
  expect(runs).toBe(6);
});

test("ask() remembers that a request failed for good", async () => {
  let runs = 0;
  const { desk } = newDesk(() => {
    runs += 1;
    throw new DingError("task.failed", "no");
  });
  expect(await resultOf(desk.ask(question("k")))).toBe("task.failed");
  expect(await resultOf(desk.ask(question("k")))).toBe("task.failed");
  expect(runs).toBe(1);
});

test("leave() cancels the run when nobody is left, and whoever comes then gets a new one", async () => {
  const aborted: number[] = [];
  let runs = 0;
  const { desk } = newDesk(async (_item, { signal }) => {
    const run = ++runs;
    if (run > 1) return run;
    return untilAborted(signal).finally(() => aborted.push(run));
  });
  const first = desk.ask(question("k"));
  const second = desk.ask(question("k"));
  first.leave();
  first.leave();
  await Promise.resolve();
  expect(aborted).toEqual([]);
  second.leave();
  const third = desk.ask(question("k"));
  expect(await Promise.all([first, second, third].map(resultOf))).toEqual([
    "task.cancelled",
    "task.cancelled",
    [2],
  ]);
  expect(aborted).toEqual([1]);
  expect(await resultOf(desk.ask(question("k")))).toEqual([2]);
});

test("ask() says queue.full beyond its bytes, and service.stopping to what it does not know", async () => {
  const gate = new Gate();
  let isStopping = false;
  const { desk } = newDesk(() => gate.pass().then(() => 1), {
    maxBytes: 10,
    isStopping: () => isStopping,
  });
  const running = desk.ask(question("k", new Uint8Array(20)));
  const refused = await desk.ask(question("l")).outcome;
  expect((refused as { error: DingError }).error).toMatchObject({
    code: "queue.full",
    details: { retryAfterMs: 200 },
  });
  isStopping = true;
  const same = desk.ask(question("k", new Uint8Array(20)));
  expect(await resultOf(desk.ask(question("m")))).toBe("service.stopping");
  let isIdle = false;
  const idle = desk.idle().then(() => (isIdle = true));
  expect(isIdle).toBe(false);
  gate.open();
  expect(await Promise.all([running, same].map(resultOf))).toEqual([[1], [1]]);
  await idle;
});

test("ask() tells of each run once, before anybody hears of it; of an unknown model too", async () => {
  const { desk } = newDesk((item) => item);
  const told: Outcome[] = [];
  const tell = (outcome: Outcome): void => void told.push(outcome);
  const asked = [desk.ask(question("k"), tell), desk.ask(question("k"), tell)];
  await Promise.all(asked.map((one) => one.outcome.then(() => expect(told).toHaveLength(1))));
  const unknown = desk.ask({ ...question("u"), model: "nobody" }, tell);
  expect(await resultOf(unknown)).toBe("http.not-found");
  expect(told).toHaveLength(2);
});

test("ask() for a model that is not there is over when that has been told", async () => {
  const { desk } = newDesk((item) => Promise.resolve(item));
  const asked = desk.ask({ ...question("k"), model: "other" });
  expect(await resultOf(asked)).toBe("http.not-found");
  expect(desk.open).toBe(0);
  await desk.idle();
});

test("ask() of a model that answers at once is over when it has returned, and known then", async () => {
  const { desk, models } = newDesk((item) => item);
  const values = { kind: "values", form: "msgpack", values: [msgpack.encode(7)] } as const;
  const model = models.get("model");
  models.get = () => ({
    ...model,
    ask: (_request, done) => done({ inference: { payload: values, queueMs: 0, computeMs: 0 } }),
  });
  const told: Outcome[] = [];
  const heard: Outcome[] = [];
  const asked = desk.ask(question("k"), (outcome) => told.push(outcome));
  asked.hear((outcome) => heard.push(outcome));
  expect(told).toEqual([]);
  expect(await resultOf(asked)).toEqual([7]);
  expect([told, heard]).toEqual([[{ values }], [{ values }]]);
  expect(desk.open).toBe(0);
  expect(await resultOf(desk.ask(question("k")))).toEqual([7]);
  expect(told).toHaveLength(1);
});

import { expect, test } from "bun:test";
import { DingError } from "../../../src/core/errors.ts";
import { TaskFail } from "../../../src/slave/refusals.ts";
import {
  connect,
  endOf,
  Gate,
  recordLog,
  startMaster,
  startPair,
  startSlave,
  thrownBy,
} from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

const circle: Record<string, unknown> = {};
circle["self"] = circle;

/** What a task's code may throw, and what its master hears of it. */
const THROWN: [name: string, thrown: unknown, expected: object][] = [
  [
    "TaskFail with result and message",
    new TaskFail({ a: 1 }, "no way"),
    { result: { a: 1 }, message: "no way" },
  ],
  ["TaskFail with falsy results", new TaskFail(0, ""), { result: 0, message: "" }],
  [
    "TaskFail with fields",
    new TaskFail({ result: [], message: "m" }),
    { result: [], message: "m" },
  ],
  ["TaskFail alone", new TaskFail(), { result: undefined, message: "Task failed" }],
  [
    "TaskFail with a result that cannot travel",
    new TaskFail({ f: () => {} }, "bad luck"),
    {
      code: "task.invalid-result",
      message: expect.stringMatching(/^bad luck \(cannot send its result: .*function/),
    },
  ],
  [
    "an Error",
    new RangeError("too far"),
    { code: "task.failed", message: "too far", details: { name: "RangeError" } },
  ],
  [
    "an Error with a code",
    Object.assign(new Error("no file"), { code: "ENOENT" }),
    { code: "task.failed", message: "no file", details: { code: "ENOENT" } },
  ],
  ["a text", "just words", { message: "just words" }],
  ["nothing", undefined, { code: "task.failed" }],
  ["null", null, { code: "task.failed" }],
  ["a number", 7, { message: "Thrown value: 7" }],
  ["a big integer", 7n, { code: "task.failed" }],
  ["a symbol", Symbol("s"), { code: "task.failed" }],
  ["an object that contains itself", circle, { code: "task.failed" }],
  [
    "an Error whose message is no text",
    Object.assign(new Error("x"), { message: { a: 1 } }),
    { code: "task.failed" },
  ],
  [
    "a DingError",
    new DingError("usage.invalid-input", "wrong", { hint: "do it right", details: { line: 4 } }),
    { code: "usage.invalid-input", message: "wrong", hint: "do it right", details: { line: 4 } },
  ],
  ...(
    [
      "task.lost",
      "task.cancelled",
      "task.timed-out",
      "task.refused",
      "peer.refused",
      "worker.exited",
    ] as const
  ).map((code): [string, unknown, object] => [
    `a DingError that lies (${code})`,
    new DingError(code, "a lie"),
    { code: "task.failed", message: "a lie", details: { code } },
  ]),
];

test.each(THROWN)(
  "a task that throws %s has FAILED, and the slave goes on",
  async (_name, thrown, expected) => {
    const log = recordLog();
    await using pair = await startPair(
      (task: unknown) => {
        if (task === "fine") return "fine";
        throw thrown;
      },
      { slave: { log } },
    );
    const { connection } = pair;
    const task = await connection.newTask().start().join();
    expect(task.status).toBe("FAILED");
    const { code, message, hint, details } = task.error as DingError;
    const told = { code, message, hint, details, result: task.result };
    expect(told).toMatchObject(expected);
    expect(JSON.stringify(told)).not.toContain("endings.test");
    if (thrown instanceof Error && !(thrown instanceof TaskFail)) {
      expect(String(log.lines.at(-1)?.fields["stack"])).toContain("endings.test");
    }
    expect(endOf(await connection.newTask("fine").start().join())).toEqual(["COMPLETED", "fine"]);
  },
);

test("an async task that rejects has FAILED too", async () => {
  await using pair = await startPair(async () => {
    await Promise.resolve();
    throw new TaskFail(["r"], "later");
  });
  const task = await pair.connection.newTask().start().join();
  expect(endOf(task)).toEqual(["FAILED", ["r"], "later"]);
});

test("onComplete and onFail get data and result, in order of registration, also after the end", async () => {
  await using pair = await startPair((task: { a?: number }) => {
    if (task.a === undefined) throw new TaskFail({ message: "ab not found" });
    return { sum: task.a + 1 };
  });
  const heard: unknown[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void heard.push([name, ...args]);
  const good = pair.connection.newTask({ a: 1 });
  good.onComplete(note("first")).onFail(note("never")).onComplete(note("second"));
  await good.start().join();
  good.onComplete(note("after")).onFail(note("never"));
  const bad = pair.connection.newTask({ b: 1 });
  bad.onComplete(note("never")).onFail(note("failed"));
  await bad.start().join();
  bad.onFail(note("failed after")).onComplete(note("never"));
  expect(heard).toEqual([
    ["first", { a: 1 }, { sum: 2 }],
    ["second", { a: 1 }, { sum: 2 }],
    ["after", { a: 1 }, { sum: 2 }],
    ["failed", { b: 1 }, { message: "ab not found" }],
    ["failed after", { b: 1 }, { message: "ab not found" }],
  ]);
});

test("callbacks that throw, at once or later, harm nothing but themselves and are logged", async () => {
  const log = recordLog();
  await using pair = await startPair(
    (_task, ctx) => {
      ctx.progress(1);
      return 2;
    },
    { master: { log } },
  );
  const heard: unknown[] = [];
  const task = pair.connection.newTask();
  task
    .onProgress(() => {
      throw new Error("progress broke");
    })
    .onProgress((value) => heard.push(value))
    .onComplete(() => {
      throw new Error("complete broke");
    })
    .onComplete(async () => {
      await Promise.resolve();
      throw new Error("later broke");
    })
    .onComplete((_data, result) => heard.push(result));
  expect((await task.start().join()).status).toBe("COMPLETED");
  expect(heard).toEqual([1, 2]);
  await until(() => log.text().includes("later broke"), { what: "the log line" });
  expect(log.text()).toContain("onProgress failed: progress broke");
  expect(log.text()).toContain("onComplete failed: complete broke");
});

test("callbacks may call their connection and task again: nothing deadlocks", async () => {
  await using pair = await startPair((task: number) => task + 1);
  const { connection, master } = pair;
  const done = Promise.withResolvers<unknown[]>();
  const task = connection.newTask(1);
  task.onComplete(async (_data, result) => {
    const joined = await task.join();
    const inner = await connection.newTask(result).start().join();
    task.onComplete(() => {});
    await task.cancel();
    await connection.disconnect();
    await connection.connect();
    done.resolve([joined.status, inner.result, connection.isConnected, master.has("s")]);
  });
  await task.start();
  expect(await done.promise).toEqual(["COMPLETED", 3, true, true]);
});

test("a slow callback of one connection does not delay another's results", async () => {
  await using slow = await startSlave(() => "slow");
  await using fast = await startSlave(() => "fast");
  await using master = await startMaster();
  const gate = new Gate();
  const first = await connect(master, slow, "slow");
  const second = await connect(master, fast, "fast");
  const task = first.newTask();
  task.onComplete(() => gate.pass());
  await task.start().join();
  expect((await second.newTask().start().join()).result).toBe("fast");
  expect((await first.newTask().start().join()).result).toBe("slow");
  gate.open();
});

test("join({ timeoutMs }) gives up waiting, not the task; without start() it returns at once", async () => {
  const gate = new Gate();
  await using pair = await startPair(async () => {
    await gate.pass();
    return 1;
  });
  const task = pair.connection.newTask();
  expect((await task.join()).status).toBe("IDLE");
  await task.start();
  const error = (await thrownBy(task.join({ timeoutMs: 20 }))) as DingError;
  expect([error.code, task.status]).toEqual(["wait.timeout", "STARTED"]);
  const ended = task.join({ timeoutMs: Number.POSITIVE_INFINITY });
  const abort = new AbortController();
  const aborted = thrownBy(task.join({ signal: abort.signal }));
  abort.abort(new Error("enough"));
  expect((await aborted).message).toBe("enough");
  gate.open();
  expect((await ended).result).toBe(1);
});

test("start() twice is refused by the state, in the ancestor's words", async () => {
  await using pair = await startPair(() => 1);
  const task = pair.connection.newTask();
  await task.start().join();
  const error = (await thrownBy(task.start())) as DingError;
  expect([error.code, error.message]).toEqual([
    "state.invalid",
    'Only task with "IDLE" status can be started, but "COMPLETED" found',
  ]);
});

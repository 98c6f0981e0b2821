import { expect, test } from "bun:test";
import { DingError, NetworkError } from "../../../src/core/errors.ts";
import { Task, type TaskHome } from "../../../src/master/task.ts";
import type { WireEvents, WireTask } from "../../../src/master/wire.ts";
import { thrownBy } from "../../support/interaction.ts";

/** A connection that does nothing by itself: the test says what the slave says. */
class FakeHome implements TaskHome {
  readonly name = "fake";
  readonly guarded: string[] = [];
  readonly sent: WireTask[] = [];
  startErrors = 0;
  started = 0;
  cancels = 0;
  failure: Error | undefined;
  /** What the hook before a task waits for. */
  hook: Promise<void> | undefined;
  events: WireEvents | undefined;
  swallows = false;

  async send(task: WireTask, events: WireEvents): Promise<() => void> {
    await this.hook;
    if (this.failure) throw this.failure;
    this.sent.push(task);
    this.events = events;
    return () => (this.cancels += 1);
  }

  onStarted(): void {
    this.started += 1;
  }

  async onStartError(error: NetworkError): Promise<void> {
    this.startErrors += 1;
    if (!this.swallows) throw error;
  }

  guard(what: string, callback: () => unknown): void {
    this.guarded.push(what);
    try {
      callback();
    } catch {
      // told elsewhere
    }
  }
}

/** A task that has been sent, and what its slave can say. */
async function sent(): Promise<{
  task: Task;
  home: FakeHome;
  events: WireEvents;
  starting: Promise<Task>;
}> {
  const home = new FakeHome();
  const task = new Task(home, { a: 1 });
  const starting = task.start();
  starting.catch(() => {});
  while (!home.events) await Promise.resolve();
  return { task, home, events: home.events, starting };
}

const lost = new DingError("network.closed", "gone");

test("IDLE → STARTING → STARTED → COMPLETED", async () => {
  const { task, home, events, starting } = await sent();
  expect([task.status, home.sent]).toEqual([
    "STARTING",
    [{ id: task.id, attempt: 1, data: { a: 1 } }],
  ]);
  events.accepted();
  events.accepted();
  expect([task.status, home.started, await starting]).toEqual(["STARTED", 1, task]);
  events.completed(0);
  expect([task.status, task.result, task.error, task.isEnded]).toEqual([
    "COMPLETED",
    0,
    undefined,
    true,
  ]);
});

test("a result without word of the beginning starts and completes", async () => {
  const { task, home, events, starting } = await sent();
  events.completed("quick");
  expect([(await starting).status, home.started]).toEqual(["COMPLETED", 1]);
  expect((await task.join()).result).toBe("quick");
});

test.each([
  ["task.failed", "FAILED"],
  ["worker.exited", "FAILED"],
  ["task.cancelled", "CANCELLED"],
  ["task.timed-out", "TIMED_OUT"],
] as const)("failed() with %s is %s", async (code, status) => {
  const { task, events } = await sent();
  const heard: unknown[] = [];
  task.onFail((data, result) => heard.push([data, result])).onComplete(() => heard.push("no"));
  events.failed(new DingError(code, "why"), ["r"]);
  expect([task.status, task.result, task.error?.message]).toEqual([status, ["r"], "why"]);
  expect(heard).toEqual([[{ a: 1 }, ["r"]]]);
});

test("refused() before the slave has taken it is START_FAILED, and nobody hears onFail", async () => {
  const { task, events, starting } = await sent();
  const heard: unknown[] = [];
  task.onFail(() => heard.push("before"));
  events.refused(new Error("busy"));
  task.onFail(() => heard.push("after"));
  expect((await thrownBy(starting)).message).toBe("busy");
  expect([task.status, heard, (await task.join()).status]).toEqual([
    "START_FAILED",
    [],
    "START_FAILED",
  ]);
});

test("refused() after it has waited in the queue is FAILED", async () => {
  const { task, events, starting } = await sent();
  events.accepted();
  await starting;
  events.refused(new Error("beforeTask"));
  expect([task.status, task.error?.message]).toEqual(["FAILED", "beforeTask"]);
});

test.each([false, true])(
  "lost() is LOST, taken or not (%p); the error names the slave",
  async (isTaken) => {
    const { task, events, starting } = await sent();
    if (isTaken) events.accepted();
    events.lost(lost);
    const message = 'Slave "fake" is lost: gone';
    expect([task.status, task.error?.message]).toEqual(["LOST", message]);
    if (isTaken) expect(await starting).toBe(task);
    else expect((await thrownBy(starting)).message).toBe(message);
  },
);

test("what comes after the end changes nothing, and is told to nobody twice", async () => {
  const { task, events } = await sent();
  const heard: unknown[] = [];
  task.onComplete(() => heard.push("complete")).onFail(() => heard.push("fail"));
  events.completed(1);
  events.completed(2);
  events.failed(new DingError("task.failed", "late"), undefined);
  events.lost(lost);
  events.refused(new Error("late"));
  expect([task.status, task.result, heard]).toEqual(["COMPLETED", 1, ["complete"]]);
});

test("start() that cannot send: START_FAILED; a network failure is the hook's to swallow", async () => {
  for (const swallows of [false, true]) {
    const home = new FakeHome();
    home.failure = new NetworkError("network.closed", "not connected");
    home.swallows = swallows;
    const task = new Task(home, 1);
    const outcome = await task.start().catch((error: Error) => error.message);
    expect([outcome === task, outcome === "not connected"]).toEqual([swallows, !swallows]);
    expect([task.status, home.startErrors]).toEqual(["START_FAILED", 1]);
  }
  const home = new FakeHome();
  home.failure = new TypeError("hook broke");
  const task = new Task(home, 1);
  expect((await thrownBy(task.start())).message).toBe("hook broke");
  expect([task.status, home.startErrors]).toEqual(["START_FAILED", 0]);
});

test("cancel() while it is being sent is passed on as soon as there is a slave", async () => {
  const home = new FakeHome();
  const hook = Promise.withResolvers<void>();
  home.hook = hook.promise;
  const task = new Task(home, 1);
  const starting = task.start();
  const cancelling = task.cancel();
  hook.resolve();
  while (home.cancels === 0) await Promise.resolve();
  home.events?.failed(new DingError("task.cancelled", "cancelled"), undefined);
  expect([(await cancelling).status, (await starting).status]).toEqual(["CANCELLED", "CANCELLED"]);
});

test("start({ signal }) that aborts rejects, and asks the slave to cancel", async () => {
  const home = new FakeHome();
  const abort = new AbortController();
  const task = new Task(home, 1);
  const starting = thrownBy(task.start({ signal: abort.signal }));
  while (!home.events) await Promise.resolve();
  abort.abort(new Error("enough"));
  expect((await starting).message).toBe("enough");
  expect(home.cancels).toBe(1);
  home.events.failed(new DingError("task.cancelled", "cancelled"), undefined);
  expect((await task.join()).status).toBe("CANCELLED");
  const aborted = new Task(home, 1);
  expect((await thrownBy(aborted.start({ signal: abort.signal }))).message).toBe("enough");
  expect([aborted.status, home.sent.length]).toEqual(["START_FAILED", 1]);
});

test("join() lets every waiter go, those with their own limits too", async () => {
  const { task, events } = await sent();
  const waiters = [task.join(), task.join(), task.join({ timeoutMs: 5_000 })];
  const late = thrownBy(task.join({ timeoutMs: 1 }));
  expect(((await late) as DingError).code).toBe("wait.timeout");
  events.completed(1);
  expect((await Promise.all(waiters)).every((one) => one === task)).toBe(true);
});

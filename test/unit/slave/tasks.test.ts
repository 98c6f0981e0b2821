import { expect, test } from "bun:test";
import type { Executor } from "../../../src/slave/executor.ts";
import type { TaskEvents, TaskJob } from "../../../src/slave/outcome.ts";
import { Tasks } from "../../../src/slave/tasks.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** Runs nothing: the test says how each task ends. */
class FakeExecutor implements Executor {
  readonly workers = [];
  hasRoom = false;
  readonly runs: { job: TaskJob; events: TaskEvents; cancels: number }[] = [];
  onBroken = undefined;
  /** Ends every task inside `run()`. */
  isInstant = false;

  async start(): Promise<void> {}

  run(job: TaskJob, events: TaskEvents): () => void {
    const run = { job, events, cancels: 0 };
    this.runs.push(run);
    if (this.isInstant) {
      events.accepted();
      events.completed(undefined);
    }
    return () => {
      run.cancels += 1;
    };
  }

  async hook(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

function setUp(options: Partial<ConstructorParameters<typeof Tasks>[0]> = {}) {
  const executor = new FakeExecutor();
  const clock = new FakeClock();
  const desk = {
    mode: "queue",
    concurrency: 1,
    queueLimit: 10,
    remember: 100,
    ...options,
  } as const;
  const tasks = new Tasks(desk, executor, clock);
  const log: string[] = [];
  const submit = (id: string, attempt = 1): string =>
    tasks.submit(
      { id, attempt, data: undefined },
      {
        accepted: () => log.push(`${id} accepted`),
        progress: () => log.push(`${id} progress`),
        completed: () => log.push(`${id} completed`),
        failed: ({ code }) => log.push(`${id} ${code}`),
        refused: ({ code }) => log.push(`${id} ${code}`),
      },
    );
  return { tasks, executor, clock, log, submit };
}

const ids = ({ runs }: FakeExecutor): string[] => runs.map(({ job }) => job.id);

test("submit() runs, queues, and runs the next when one has ended, however", () => {
  const { tasks, executor, log, submit } = setUp();
  expect(["a", "b", "c", "d"].map((id) => submit(id))).toEqual(["run", "queue", "queue", "queue"]);
  executor.runs[0]?.events.completed(undefined);
  executor.runs[1]?.events.failed({ code: "task.failed", message: "" });
  executor.runs[2]?.events.refused({ code: "task.refused", message: "" });
  expect(ids(executor)).toEqual(["a", "b", "c", "d"]);
  expect(log).toEqual(["a completed", "b task.failed", "c task.refused"]);
  expect([tasks.running, tasks.queued]).toEqual([1, 0]);
  expect(tasks.counts).toMatchObject({ completed: 1, failed: 1, refused: 1 });
});

test("submit() of tasks that end at once does not nest, however many wait", () => {
  const { executor, log, submit } = setUp({ queueLimit: 100_000 });
  submit("first");
  for (let number = 0; number < 20_000; number++) submit(`t${number}`);
  executor.isInstant = true;
  executor.runs[0]?.events.completed(undefined);
  expect(executor.runs.length).toBe(20_001);
  expect(log.at(-1)).toBe("t19999 completed");
});

test("cancel() asks a running task to end, and ends a queued one", () => {
  const { tasks, executor, log, submit } = setUp();
  for (const id of ["a", "b"]) submit(id);
  expect([tasks.cancel("a"), tasks.cancel("b"), tasks.cancel("x")]).toEqual([true, true, false]);
  expect([executor.runs[0]?.cancels, log]).toEqual([1, ["b task.cancelled"]]);
  executor.runs[0]?.events.failed({ code: "task.cancelled", message: "" });
  expect(tasks.counts).toMatchObject({ cancelled: 2, failed: 0 });
  expect(tasks.cancel("a")).toBe(false);
});

test("cancel() of one try leaves the others of the same id", () => {
  const { tasks, executor, submit, log } = setUp();
  submit("a");
  submit("a", 2);
  expect([tasks.cancel("a", 3), tasks.cancel("a", 2)]).toEqual([false, true]);
  expect([executor.runs[0]?.cancels, log]).toEqual([0, ["a task.cancelled"]]);
});

test("cancelAll() ends what waits before what runs: nothing takes a free place", () => {
  const { tasks, executor, log, submit } = setUp({ concurrency: 2 });
  for (const id of ["a", "b", "c", "d"]) submit(id);
  expect(tasks.cancelAll()).toBe(4);
  for (const { events } of executor.runs) events.failed({ code: "task.cancelled", message: "" });
  expect(ids(executor)).toEqual(["a", "b"]);
  expect(log.toSorted()).toEqual(["a", "b", "c", "d"].map((id) => `${id} task.cancelled`));
});

test("idle() resolves when the last task has ended, at once when there is none", async () => {
  const { tasks, executor, submit } = setUp();
  await tasks.idle();
  for (const id of ["a", "b"]) submit(id);
  let isIdle = false;
  const idle = tasks.idle().then(() => (isIdle = true));
  executor.runs[0]?.events.completed(undefined);
  await Promise.resolve();
  expect(isIdle).toBe(false);
  executor.runs[1]?.events.completed(undefined);
  await idle;
});

test("list() tells state and age of what is here", () => {
  const { tasks, clock, submit } = setUp();
  submit("a");
  clock.advance(40);
  submit("b", 2);
  clock.advance(2);
  expect(tasks.list(100)).toEqual([
    { id: "a", attempt: 1, state: "running", ms: 42 },
    { id: "b", attempt: 2, state: "queued", ms: 2 },
  ]);
});

test("a refused task may come again; one that has ended may not", () => {
  const { executor, submit } = setUp();
  submit("a");
  executor.runs[0]?.events.refused({ code: "task.refused", message: "" });
  expect(submit("a")).toBe("run");
  executor.runs[1]?.events.completed(undefined);
  expect([submit("a"), submit("a", 2)]).toEqual(["known", "run"]);
});

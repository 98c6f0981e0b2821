import { expect, test } from "bun:test";
import { DingError } from "../../../src/core/errors.ts";
import type { Job } from "../../../src/master/submit/job-file.ts";
import { JobRun, type JobRunOptions, type SlaveEvent } from "../../../src/master/submit/job-run.ts";
import type { ResultLine } from "../../../src/master/submit/result-line.ts";
import { identityOf, taskIdentity } from "../../../src/master/submit/task-identity.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { failureOf } from "./failure-of.ts";
import { FakeFleet, outcome } from "./fake-fleet.ts";

function jobOf(tasks: Iterable<unknown> | AsyncIterable<unknown>, total?: number): Job {
  return {
    name: "the job",
    slaves: [],
    channel: undefined,
    total,
    async *tasks() {
      yield* tasks;
    },
    async [Symbol.asyncDispose]() {},
  };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A job on fake slaves, and everything that was told of it. */
class Stage {
  readonly clock = new FakeClock();
  readonly fleet = new FakeFleet(this.clock);
  readonly lines: ResultLine[] = [];
  readonly slaveEvents: SlaveEvent[] = [];
  readonly abort = new AbortController();
  job: JobRun | undefined;

  async run(tasks: Job, options: Partial<JobRunOptions> = {}): Promise<void> {
    this.job = new JobRun(tasks, this.fleet, {
      retries: 2,
      cancelGraceMs: 1_000,
      unreachableMs: 5_000,
      awayMs: 5_000,
      minSlaves: 1,
      retry: { minMs: 100, maxMs: 1_000, jitter: 0 },
      redial: { minMs: 200, maxMs: 5_000, jitter: 0 },
      slaves: ["a", "b"],
      clock: this.clock,
      signal: this.abort.signal,
      events: {
        onResult: (line) => void this.lines.push(line),
        onSlave: (event) => void this.slaveEvents.push(event),
      },
      ...options,
    });
    let isOver = false;
    const running = this.job.run().finally(() => (isOver = true));
    running.catch(() => {});
    for (let turn = 0; turn < 20_000 && !isOver; turn += 1) await this.clock.play(5);
    await running;
  }

  get indexes(): number[] {
    return this.lines.map((line) => line.index).sort((a, b) => a - b);
  }
}

test("JobRun.run() runs every task on some slave and tells each end once", async () => {
  const stage = new Stage();
  for (const name of ["a", "b"]) stage.fleet.add(name, (data) => outcome(data), { concurrency: 4 });
  await stage.run(jobOf(numbers(100), 100));
  expect(stage.indexes).toEqual(numbers(100));
  for (const line of stage.lines) {
    expect(line).toMatchObject({ status: "COMPLETED", result: line.index, attempts: 1, ms: 10 });
    expect(Object.keys(line)).not.toContain("error");
    expect(identityOf(line.id)).toBe(taskIdentity(line.index, line.index));
  }
  expect(new Set(stage.lines.map((line) => line.slave))).toEqual(new Set(["a", "b"]));
  expect(stage.fleet.maxHeld).toBe(8);
  expect(stage.job?.progress).toMatchObject({ total: 100, done: 100, running: 0, slavesUp: 2 });
});

test("JobRun.run() with no tasks is over at once", async () => {
  const stage = new Stage();
  await stage.run(jobOf([], 0));
  expect(stage.lines).toEqual([]);
});

test("JobRun.run() tells how a task failed", async () => {
  const stage = new Stage();
  const error = { code: "task.failed", message: "A or B not found" };
  const bad = outcome({ message: "ab not found" }, { verdict: "failed", status: "FAILED", error });
  stage.fleet.add("a", () => bad);
  await stage.run(jobOf([{ a: 1 }]), { slaves: ["a"] });
  const { id: _, ...line } = stage.lines[0]!;
  expect(line).toEqual({
    index: 0,
    status: "FAILED",
    result: { message: "ab not found" },
    error,
    slave: "a",
    attempts: 1,
    ms: 10,
  });
});

test("JobRun.run() gives a repeated task a new id of the same identity", async () => {
  const stage = new Stage();
  const lost = outcome(null, { verdict: "lost", status: "LOST" });
  stage.fleet.add("a", (data, task) => (task.attempt < 3 ? lost : outcome(data)));
  await stage.run(jobOf(["x"]), { slaves: ["a"] });
  expect(stage.lines).toMatchObject([{ status: "COMPLETED", attempts: 3 }]);
  expect(new Set(stage.fleet.ids).size).toBe(3);
  expect(new Set(stage.fleet.ids.map(identityOf))).toEqual(new Set([taskIdentity(0, "x")]));
  expect(stage.lines[0]?.id).toBe(stage.fleet.ids[2]!);
});

test("JobRun.run() goes on when slaves die, and uses those that come back", async () => {
  const stage = new Stage();
  for (const name of ["a", "b"]) stage.fleet.add(name, (data) => outcome(data, { ms: 50 }));
  stage.clock.after(500, () => stage.fleet.kill("a"));
  stage.clock.after(1_500, () => stage.fleet.revive("a"));
  stage.clock.after(2_500, () => stage.fleet.kill("b"));
  await stage.run(jobOf(numbers(100)));
  expect(stage.indexes).toEqual(numbers(100));
  expect(stage.lines.every((line) => line.status === "COMPLETED")).toBe(true);
  const states = stage.slaveEvents.map(({ slave, state }) => `${slave} ${state}`);
  expect(states.slice(0, 4)).toEqual(["a up", "b up", "a down", "a unreachable"]);
  expect(states).toContain("b down");
  expect(states.filter((state) => state === "a up")).toHaveLength(2);
});

test("JobRun.run() rejects when no slave can be reached, and names them with their reasons", async () => {
  const stage = new Stage();
  const error = await failureOf(stage.run(jobOf([1])));
  expect(error.code).toBe("network.unreachable");
  expect(error.message).toMatch(/no slave is reachable within 5000 ms: a: Cannot reach a: .*; b: /);
  expect(stage.clock.now()).toBeLessThanOrEqual(5_010);
});

test("JobRun.run() rejects at once when every slave refuses", async () => {
  const stage = new Stage();
  for (const name of ["a", "b"]) {
    stage.fleet.add(name, (data) => outcome(data));
    stage.fleet.refuse(name, new DingError("peer.refused", "Channel is 233"));
  }
  const error = await failureOf(stage.run(jobOf([1])));
  expect(error.code).toBe("peer.refused");
  expect(error.message).toMatch(/every slave refuses: a: Channel is 233; b: Channel is 233/);
  expect(stage.clock.now()).toBeLessThan(100);
});

test("JobRun.run() tells what to do about a slave that refuses", async () => {
  const stage = new Stage();
  for (const name of ["a", "b"]) stage.fleet.add(name, (data) => outcome(data));
  const hint = "Pass --listen HOST:PORT";
  stage.fleet.refuse("a", new DingError("usage.invalid-option", "It must call back", { hint }));
  await stage.run(jobOf(numbers(5)));
  expect(stage.slaveEvents).toContainEqual({
    slave: "a",
    state: "refused",
    reason: "It must call back",
    hint,
  });
  stage.fleet.refuse("b", new DingError("peer.refused", "no"));
  const error = await failureOf(stage.run(jobOf([1])));
  expect(error).toMatchObject({ code: "usage.invalid-option", hint });
});

test("JobRun.run() goes on with those that are there when some are missing", async () => {
  const stage = new Stage();
  stage.fleet.add("b", (data) => outcome(data));
  await stage.run(jobOf(numbers(5)));
  expect(stage.indexes).toEqual(numbers(5));
  expect(stage.slaveEvents[0]).toMatchObject({ slave: "a", state: "unreachable" });
});

test("JobRun.run() rejects when all slaves die for good, after what was done was told", async () => {
  const stage = new Stage();
  stage.fleet.add("a", (data) => outcome(data));
  stage.clock.after(100, () => stage.fleet.kill("a"));
  const error = await failureOf(stage.run(jobOf(numbers(50)), { slaves: ["a"] }));
  expect(error.code).toBe("network.unreachable");
  expect(error.message).toContain("no slave came back within 5000 ms");
  const done = stage.lines.filter((line) => line.status === "COMPLETED");
  expect(done.length).toBeGreaterThan(2);
  // What had run and was lost is told too; what was never begun is for another run.
  expect(stage.lines.slice(done.length).map((line) => line.status)).toEqual(["LOST"]);
});

test("JobRun.run() cancels what runs when told to stop, and tells no end of that", async () => {
  const stage = new Stage();
  stage.fleet.add("a", (data) => outcome(data, { ms: data === 0 ? 50 : 60_000 }), {
    concurrency: 4,
  });
  stage.clock.after(200, () => stage.abort.abort());
  await stage.run(jobOf(numbers(50)), { slaves: ["a"] });
  expect(stage.indexes).toEqual([0]);
  expect(stage.fleet.live).toBe(0);
  expect(stage.clock.now()).toBeLessThan(300);
});

test("JobRun.run() stops while it waits for tasks, or for slaves", async () => {
  async function* endless(): AsyncGenerator<number> {
    yield 0;
    await new Promise(() => {});
  }
  const waiting = new Stage();
  waiting.fleet.add("a", (data) => outcome(data));
  waiting.clock.after(100, () => waiting.abort.abort());
  await waiting.run(jobOf(endless()), { slaves: ["a"] });
  expect(waiting.indexes).toEqual([0]);
  const alone = new Stage();
  alone.clock.after(100, () => alone.abort.abort());
  await alone.run(jobOf([1]), { unreachableMs: undefined });
  const late = new Stage();
  late.abort.abort();
  await late.run(jobOf([1]));
});

test("JobRun.run() cancels a task that takes too long", async () => {
  const stage = new Stage();
  stage.fleet.add("a", (data) => outcome(data, { ms: data === 1 ? 60_000 : 10 }));
  await stage.run(jobOf(numbers(3)), { slaves: ["a"], timeoutMs: 300 });
  const late = stage.lines.find((line) => line.index === 1);
  expect(late).toMatchObject({ status: "TIMED_OUT", result: null, attempts: 1 });
  expect(late?.error).toMatchObject({
    code: "task.timed-out",
    message: "The task took longer than 300 ms",
  });
  expect(stage.lines.filter((line) => line.status === "COMPLETED")).toHaveLength(2);
});

test("JobRun.run() takes slaves that dial in, and waits for enough of them", async () => {
  const stage = new Stage();
  for (const name of ["x", "y"]) stage.fleet.add(name, (data) => outcome(data, { ms: 50 }));
  stage.clock.after(1_000, () => stage.fleet.join("x"));
  stage.clock.after(60_000, () => stage.fleet.join("y"));
  stage.clock.after(60_200, () => stage.fleet.kill("x"));
  await stage.run(jobOf(numbers(20)), { slaves: [], minSlaves: 2, unreachableMs: undefined });
  expect(stage.indexes).toEqual(numbers(20));
  expect(stage.clock.now()).toBeGreaterThan(60_000);
  expect(new Set(stage.lines.map((line) => line.slave))).toEqual(new Set(["x", "y"]));
});

test("JobRun.run() ends when a result cannot be told, and leaves nothing running", async () => {
  const stage = new Stage();
  stage.fleet.add("a", (data) => outcome(data, { ms: data === 0 ? 10 : 60_000 }), {
    concurrency: 4,
  });
  const events = {
    onResult: (): void => {
      throw new DingError("state.invalid", "disk full");
    },
  };
  const error = await failureOf(stage.run(jobOf(numbers(50)), { slaves: ["a"], events }));
  expect(error.message).toBe("disk full");
  expect(stage.fleet.live).toBe(0);
  expect(stage.clock.now()).toBeLessThan(100);
});

test("JobRun.run() ends when the job turns out to be unreadable half-way", async () => {
  async function* broken(): AsyncGenerator<number> {
    yield* numbers(100);
    throw new DingError("usage.invalid-input", "line 101");
  }
  const stage = new Stage();
  stage.fleet.add("a", (data) => outcome(data));
  const error = await failureOf(stage.run(jobOf(broken()), { slaves: ["a"] }));
  expect(error.message).toBe("line 101");
  expect(stage.fleet.live).toBe(0);
});

test("JobRun.run() reads no further ahead than it needs", async () => {
  let read = 0;
  function* counted(): Generator<number> {
    for (; read < 10_000; read += 1) yield read;
  }
  const stage = new Stage();
  stage.fleet.add("a", (data) => outcome(data, { ms: 60_000 }), { concurrency: 10 });
  stage.clock.after(1_000, () => stage.abort.abort());
  await stage.run(jobOf(counted()), { slaves: ["a"] });
  expect(read).toBeLessThan(60);
});

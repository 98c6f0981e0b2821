import { expect, test } from "bun:test";
import type { Logger } from "../../../src/core/log.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { Lock } from "../../../src/task/lock.ts";
import type { Peer } from "../../../src/task/router.ts";
import { MainTask } from "../../../src/task/task.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { FakeMesh } from "./fake-router.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function recorder(): { log: Logger; errors: Record<string, unknown>[] } {
  const errors: Record<string, unknown>[] = [];
  const error = (_: string, fields = {}): void => void errors.push(fields);
  return { log: { ...silentLogger, error }, errors };
}

test("three handlers hear one event of another node three times, not nine", async () => {
  const mesh = new FakeMesh();
  const sender = new MainTask({ router: mesh.join() }).start();
  const task = new MainTask({ router: mesh.join() }).start();
  let calls = 0;
  for (let count = 0; count < 3; count++) task.on("x", () => (calls += 1));
  await sender.emit("x");
  expect(calls).toBe(3);
  await Promise.all([sender.close(), task.close()]);
});

test("off() of one handler leaves the others hearing other nodes", async () => {
  const mesh = new FakeMesh();
  const sender = new MainTask({ router: mesh.join() }).start();
  const task = new MainTask({ router: mesh.join() }).start();
  let calls = 0;
  const first = (): number => (calls += 100);
  task.on("x", first);
  task.on("x", () => (calls += 1));
  task.off("x", first);
  await sender.emit("x");
  expect(calls).toBe(1);
  await Promise.all([sender.close(), task.close()]);
});

test("serial() without a generator, resumed early, does not touch what is around it; nor does parallel()", async () => {
  await using task = new MainTask().start();
  const trail: string[] = [];
  const inner = [task.serial(() => trail.push("s")), task.parallel(() => trail.push("p"))];
  task.use(function* outer() {
    trail.push("a1");
    yield;
    trail.push("a2");
  });
  for (const fn of inner) {
    const child = task.wrap(fn);
    task.use(async (ctx) => {
      await (
        await child(ctx)
      )();
      trail.push("resumed");
    });
  }
  await task.run(1);
  expect(trail).toEqual(["a1", "s", "resumed", "p", "resumed", "a2"]);
});

test("a handler's error is logged and fails the emit, the run and who waits; all handlers are called", async () => {
  const { log, errors } = recorder();
  await using task = new MainTask({ log }).start();
  let calls = 0;
  const broken = new Error("broken handler");
  task.on("x", () => {
    throw broken;
  });
  task.on("x", () => (calls += 1));
  task.use(() => void task.emit("x")); // not awaited: the run tells
  const waiting = thrownBy(task.waitFor("never"));
  expect(await thrownBy(task.run(10))).toBe(broken);
  expect([calls, task.ctx.totalStep, await waiting]).toEqual([1, 0, broken]);
  expect(errors).toEqual([{ event: "x", error: "broken handler", policy: "throw" }]);
  expect(await thrownBy(task.emit("x"))).toBe(broken);
});

test("a handler's error is only logged, or lets the task finish, if that is the policy", async () => {
  const { log, errors } = recorder();
  await using task = new MainTask({ log }).start({
    onHandlerError: (_, event) => (event === "end" ? "finish" : "log"),
  });
  const fail = (): Promise<never> => Promise.reject(new Error("no"));
  task.on("x", fail);
  task.on("end", fail);
  task.use((ctx) => task.emit(ctx.totalStep === 2 ? "end" : "x"));
  await task.run(10);
  expect(task.ctx.totalStep).toBe(2);
  expect(errors.map((error) => error["policy"])).toEqual(["log", "log", "finish"]);
});

test("start() refuses a policy that is none", () => {
  const task = new MainTask();
  expect(() => task.start({ onHandlerError: "ignore" as "log" })).toThrow(
    'onHandlerError "ignore"',
  );
});

test("a crash tells nobody to finish; an end in good order does, once", async () => {
  const mesh = new FakeMesh();
  const router = mesh.join();
  const peer = new MainTask({ router: mesh.join() }).start();
  const task = new MainTask({ router });
  const crash = async (): Promise<void> => {
    await using started = task.start();
    started.use(() => {
      throw new Error("crashed");
    });
    await started.run();
  };
  expect(await thrownBy(crash())).toEqual(new Error("crashed"));
  expect([router.finishes, peer.finish]).toEqual([[], false]);
  task.start();
  await task.stop();
  await task.stop();
  expect([router.finishes, peer.finish]).toEqual([[0], true]);
  await Promise.all([peer.close(), task.close()]);
});

test("finish of an earlier run comes too late; that of this one ends the step; none is left for the next start", async () => {
  const router = new FakeMesh().join();
  const task = new MainTask({ router }).start();
  await task.stop();
  task.start();
  router.hearFinish(0, 1);
  expect(task.finish).toBe(false);
  task.use((ctx) => {
    if (ctx.totalStep === 3) router.hearFinish(1, 1);
  });
  await task.run(20);
  expect([task.ctx.totalStep, task.finish]).toEqual([3, true]);
  await task.stop();
  expect(task.start().finish).toBe(false);
  await task.close();
});

test("finish that came before the start ends the first step; run() after run() goes on", async () => {
  const router = new FakeMesh().join();
  const task = new MainTask({ router });
  router.hearFinish(0, 1);
  task.start().use(() => {});
  await task.run(9);
  expect(task.ctx.totalStep).toBe(0);
  await task.close();
  await using other = new MainTask().start();
  other.use(() => {});
  await other.run(2);
  await other.run(3);
  expect(other.ctx.totalStep).toBe(4);
});

test("an emit within a handler and beside middlewares in async mode loses nothing", async () => {
  await using task = new MainTask().start({ asyncMode: true, workers: 4 });
  const heard: number[] = [];
  task.on("a", async (value: number) => {
    await turn();
    await task.emit("b", [value]);
  });
  task.on("b", (value: number) => heard.push(value));
  for (let lane = 0; lane < 4; lane++)
    task.use((ctx) => task.emit("a", [ctx.totalStep * 4 + lane]));
  await task.run(5);
  await task.stop();
  expect(heard.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test("a failed step ends its waits at once, and waits for all others before it tells", async () => {
  await using task = new MainTask().start({ asyncMode: true });
  const trail: string[] = [];
  const gate = Promise.withResolvers<void>();
  task.use(() => task.waitFor("never"));
  task.use(async () => {
    await gate.promise;
    trail.push("other ended");
  });
  task.use(async () => {
    await turn();
    setImmediate(() => gate.resolve());
    throw new Error("step failed");
  });
  const run = thrownBy(task.run(5)).then((error) => (trail.push("told"), error));
  expect(await run).toEqual(new Error("step failed"));
  expect([trail, task.ctx.totalStep, task.listeners()]).toEqual([["other ended", "told"], 0, 0]);
});

test("a middleware that does not end after a failure is left alone after the grace", async () => {
  const clock = new FakeClock();
  const task = new MainTask({ clock, graceMs: 500 }).start({ asyncMode: true });
  task.use(() => new Promise(() => {}));
  task.use(() => {
    throw new Error("step failed");
  });
  const run = thrownBy(task.run());
  await clock.play(500);
  expect(await run).toEqual(new Error("step failed"));
  await task.close();
  expect(clock.pending).toBe(0);
});

test("a lock is held on the way back too, wherever that begins", async () => {
  const lock = new Lock();
  await using task = new MainTask().start();
  const trail: string[] = [];
  const locked = async function* (): AsyncGenerator<void> {
    yield;
    trail.push("back");
  };
  task.use(locked, { lock });
  const held = await lock.acquire();
  held[Symbol.dispose]();
  const other = Promise.withResolvers<Disposable>();
  task.use(async () => other.resolve(await lock.acquire()));
  const run = task.run(1);
  const taken = await other.promise;
  await turn();
  expect(trail).toEqual([]);
  taken[Symbol.dispose]();
  await run;
  expect(trail).toEqual(["back"]);
});

test("a second yield is an error that says which middleware; what waits runs its finally", async () => {
  await using task = new MainTask().start();
  const trail: string[] = [];
  task.use(function* outer() {
    try {
      yield;
      trail.push("never");
    } finally {
      trail.push("outer cleaned");
    }
  });
  task.use(function* twice() {
    try {
      yield;
      yield;
    } finally {
      trail.push("twice cleaned");
    }
  });
  const error = await thrownBy(task.run());
  expect(error).toMatchObject({
    code: "plugin.invalid",
    message: 'Cannot end middleware "twice": it yields a second time',
  });
  expect(trail).toEqual(["twice cleaned", "outer cleaned"]);
});

test("a peer's crash is an event, and lets the task finish if that is the policy", async () => {
  const mesh = new FakeMesh();
  const peer = mesh.join();
  const heard: unknown[] = [];
  const tasks = (["continue", "finish"] as const).map((onPeerCrash) => {
    const task = new MainTask({ router: mesh.join() }).start({ onPeerCrash });
    task.on("peer:crash", ({ nodeId }: { nodeId: number }) => heard.push(nodeId));
    return task;
  });
  peer.crash();
  expect([heard, tasks.map((task) => task.finish)]).toEqual([
    [0, 0],
    [false, true],
  ]);
  await Promise.all(tasks.map((task) => task.close()));
});

test("of a peer that came back before anybody listened only the last join is told, of one that is gone all", async () => {
  const mesh = new FakeMesh();
  const [router, back, gone] = [mesh.join(), mesh.join(), mesh.join()];
  await using task = new MainTask({ router });
  for (const change of ["peer:join", "peer:suspect", "peer:crash", "peer:join"] as const) {
    router.hearPeer(change, back);
  }
  task.start();
  for (const change of ["peer:join", "peer:crash"] as const) router.hearPeer(change, gone);
  const heard: string[] = [];
  for (const change of ["join", "suspect", "crash"]) {
    task.on(`peer:${change}`, ({ nodeId }: Peer) => heard.push(`${change} ${nodeId}`));
  }
  await turn();
  expect(heard).toEqual(["join 1", "join 2", "crash 2"]);
});

import { expect, test } from "bun:test";
import { silentLogger } from "../../../src/core/log.ts";
import { runMain } from "../../../src/task/run-main.ts";
import { MainTask } from "../../../src/task/task.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { FakeMesh } from "./fake-router.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("runMain() runs a failed main again with nothing of the last try, and tells the end once", async () => {
  const mesh = new FakeMesh();
  const router = mesh.join();
  const listeners: number[] = [];
  const crashes: unknown[] = [];
  await runMain(
    async (task) => {
      await using started = task.start();
      started.on("x", () => {
        if (listeners.length < 3) throw new Error(`try ${listeners.length}`);
      });
      listeners.push(started.listeners());
      void router.hear("x", []);
      await turn();
    },
    {
      makeTask: (hooks) => new MainTask({ router, ...hooks }),
      autoRecover: true,
      maxRetries: 2,
      backoff: { minMs: 1, maxMs: 1, jitter: 0 },
      log: silentLogger,
      onCrash: (error) => void crashes.push(error),
    },
  );
  expect([listeners, router.finishes, router.isListenedTo]).toEqual([[1, 1, 1], [0], false]);
  expect(crashes).toEqual([new Error("try 1"), new Error("try 2")]);
});

test("runMain() fails with the error of main when there are no tries left", async () => {
  let tries = 0;
  const main = (): never => {
    throw new Error(`try ${(tries += 1)}`);
  };
  const makeTask = (): MainTask => new MainTask();
  const backoff = { minMs: 1, maxMs: 1, jitter: 0 };
  const options = { makeTask, backoff, log: silentLogger, maxRetries: 1 };
  expect(await thrownBy(runMain(main, { ...options, autoRecover: true }))).toEqual(
    new Error("try 2"),
  );
  expect(await thrownBy(runMain(main, options))).toEqual(new Error("try 3"));
});

test("finish on one node ends the run of all: each completes its step, and hears no more than one word", async () => {
  const mesh = new FakeMesh();
  const routers = [mesh.join(), mesh.join(), mesh.join()];
  const steps = new Map<number, number>();
  const main = async (root: MainTask): Promise<void> => {
    await using task = root.start();
    const { nodeId } = task.router;
    task.use(turn);
    task.use((ctx) => {
      steps.set(nodeId, ctx.totalStep);
      if (nodeId === 1 && ctx.totalStep === 1) task.finish = true;
    });
    await task.run(1_000);
  };
  const mains = routers.map((router) =>
    runMain(main, {
      makeTask: (hooks) => new MainTask({ router, ...hooks }),
      log: silentLogger,
    }),
  );
  await Promise.all(mains);
  expect(steps.get(1)).toBe(1);
  expect(Math.max(...steps.values())).toBeLessThan(7);
  expect(routers.map((router) => router.finishes)).toEqual([[0], [0], [0]]);
});

test("a node that is gone disturbs nobody who emits", async () => {
  const mesh = new FakeMesh();
  const [sender, gone] = [mesh.join(), mesh.join()].map((router) => new MainTask({ router }));
  gone?.start();
  await gone?.close();
  const task = sender?.start();
  for (let count = 0; count < 10; count++) await task?.emit("greeting", [count]);
  await sender?.close();
});

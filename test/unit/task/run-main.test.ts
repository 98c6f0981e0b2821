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

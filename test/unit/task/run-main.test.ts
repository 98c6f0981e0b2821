import { expect, test } from "bun:test";
import { runMain } from "../../../src/task/run-main.ts";
import { MainTask } from "../../../src/task/task.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { FakeMesh } from "./fake-router.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("runMain() fails with the error of main or of a handler, and leaves nothing that listens", async () => {
  const router = new FakeMesh().join();
  const makeTask = (hooks: { onFailure: (error: unknown) => void }): MainTask =>
    new MainTask({ router, ...hooks });
  const main = (): never => {
    throw new Error("main");
  };
  const listener = async (task: MainTask): Promise<void> => {
    await using started = task.start();
    started.on("x", () => {
      throw new Error("handler");
    });
    void router.hear("x", []);
    await new Promise(() => {});
  };
  expect(await thrownBy(runMain(main, { makeTask }))).toEqual(new Error("main"));
  expect(await thrownBy(runMain(listener, { makeTask }))).toEqual(new Error("handler"));
  expect([router.finishes, router.isListenedTo]).toEqual([[], false]);
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
    runMain(main, { makeTask: (hooks) => new MainTask({ router, ...hooks }) }),
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

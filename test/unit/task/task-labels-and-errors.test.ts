import { expect, test } from "bun:test";
import { MainTask } from "../../../src/task/task.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { FakeMesh } from "./fake-router.ts";

test("emit(to) with a label reaches the nodes that have it, here too; rejects where nobody has", async () => {
  const mesh = new FakeMesh();
  const heard: string[] = [];
  const tasks = [["learner"], ["collector.a"], ["collector.b"]].map((labels, index) => {
    const task = new MainTask({ router: mesh.join(labels) }).start();
    task.on("x", (value: string) => heard.push(`${index} ${value}`));
    return task;
  });
  const [, task] = tasks;
  await task?.emit("x", ["all"], { to: "collector.*" });
  await task?.emit("x", ["others"], { to: "collector.*", onlyRemote: true });
  await task?.emit("x", ["by id"], { to: "node.0" });
  await task?.emit("x", ["here"], { to: "collector.a", onlyLocal: true });
  expect(heard).toEqual(["2 all", "1 all", "2 others", "0 by id", "1 here"]);
  for (const options of [{ to: "none" }, { to: "learner", onlyLocal: true }]) {
    expect(await thrownBy(task?.emit("x", [], options))).toBeInstanceOf(Error);
  }
  await using alone = new MainTask().start();
  const code = "network.unreachable";
  expect(await thrownBy(alone.emit("x", [], { to: "none" }))).toMatchObject({ code });
  await Promise.all(tasks.map((one) => one.close()));
});

test("a handler's error is an event, too; an error of its handler is none, and fails nothing twice", async () => {
  await using task = new MainTask().start({ onHandlerError: "log" });
  const heard: unknown[] = [];
  const broken = new Error("broken");
  task.on("x", () => Promise.reject(broken));
  task.on("error", (error: unknown, event: string) => {
    heard.push(error, event);
    throw new Error("broken as well");
  });
  await task.emit("x");
  await task.emit("x");
  expect(heard).toEqual([broken, "x", broken, "x"]);
});

test("waitFor(compat) gives undefined when the time is over, as the ancestor does; all else rejects", async () => {
  const clock = new FakeClock();
  const task = new MainTask({ clock }).start();
  const waiting = task.waitFor("x", { timeoutMs: 100, compat: true });
  const ended = task.waitFor("x", { compat: true });
  clock.advance(100);
  expect(await waiting).toBeUndefined();
  expect(task.listeners("x")).toBe(1);
  await task.close();
  expect(await thrownBy(ended)).toMatchObject({ code: "service.stopping" });
});

test("waitFor() without a limit ends when all who could tell have left; one with a limit lasts as long as that", async () => {
  const clock = new FakeClock();
  let hasLeft = false;
  const main = new MainTask({ clock, waitLimit: { everyMs: 100, isLeft: () => hasLeft } });
  await using task = main.start();
  const waiting = task.waitFor("x");
  const longer = task.waitFor("x", { timeoutMs: 350 });
  for (let round = 0; round < 2; round++) clock.advance(100);
  expect(task.listeners("x")).toBe(2);
  hasLeft = true;
  clock.advance(100);
  expect(await thrownBy(waiting)).toMatchObject({
    code: "wait.timeout",
    message: 'Cannot wait longer for event "x": all other nodes have ended',
  });
  expect(task.listeners("x")).toBe(1);
  clock.advance(50);
  expect(await thrownBy(longer)).toMatchObject({ code: "wait.timeout" });
  expect([task.listeners("x"), clock.pending]).toEqual([0, 1]);
});

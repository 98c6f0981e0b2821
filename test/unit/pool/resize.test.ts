import { expect, test } from "bun:test";
import { TestPool } from "./test-pool.ts";

test("free() counts what would be with a worker at once, and onRoom tells when there is more of it", async () => {
  let rooms = 0;
  const all = new TestPool({ onRoom: () => rooms++ });
  expect([all.pool.free(), all.pool.ready]).toEqual([0, 0]);
  await all.start();
  expect([all.pool.free(), all.pool.ready, rooms]).toEqual([2, 2, 2]);
  all.run();
  expect(all.pool.free()).toBe(1);
  all.run();
  all.run();
  await all.settle();
  expect([all.pool.free(), all.pool.ready]).toEqual([0, 2]);
  all.workers[0]?.call("task")?.reply();
  await all.settle();
  expect(rooms).toBe(3);
});

test("resize() starts what is missing, and work goes there", async () => {
  const all = await new TestPool({ size: 1 }).start();
  all.run();
  const second = all.run();
  const growing = all.pool.resize(2);
  await all.clock.play(1);
  await growing;
  await all.settle();
  all.workers[1]?.call("task")?.reply();
  await all.settle();
  expect([all.pool.ready, second.ends]).toEqual([2, ["reply"]]);
});

test("resize() lets idle workers go at once, and busy ones when they have answered; none is replaced", async () => {
  const all = await new TestPool({ size: 3 }).start();
  const { ends } = all.run();
  await all.settle();
  await all.pool.resize(1);
  await all.clock.play(1_000);
  expect([all.pool.ready, all.alive()]).toEqual([1, ["w0"]]);
  all.workers[0]?.call("task")?.reply();
  await all.settle();
  expect(ends).toEqual(["reply"]);
  await all.pool.resize(2);
  await all.clock.play(1);
  const first = all.run();
  const last = all.run();
  await all.settle();
  await all.pool.resize(1);
  expect(all.pool.ready).toBe(2);
  for (const worker of all.workers) worker.calls.at(-1)?.reply();
  await all.clock.play(1_000);
  expect([first.ends, last.ends, all.pool.ready, all.alive()]).toEqual([
    ["reply"],
    ["reply"],
    1,
    ["w0"],
  ]);
});

test("a worker that dies after resize() made it superfluous is not replaced", async () => {
  const all = await new TestPool({ size: 2 }).start();
  all.run();
  all.run();
  await all.settle();
  await all.pool.resize(1);
  all.workers[1]?.die(null, "SIGKILL");
  await all.clock.play(5_000);
  expect([all.pool.ready, all.workers.length, all.pool.crashes]).toEqual([1, 2, 1]);
});

test("onFailedStart tells of each replacement that does not come up", async () => {
  const failed: string[] = [];
  const all = await new TestPool({
    size: 1,
    restart: { minMs: 10, maxMs: 10, jitter: 0, mostFailedStarts: Infinity, steadyMs: 10_000 },
    onFailedStart: ({ code }) => failed.push(code),
  }).start();
  all.isSetUpByHand = true;
  all.workers[0]?.die(null, "SIGKILL");
  await all.clock.play(11);
  all.workers[1]?.die(null, "SIGKILL");
  await all.clock.play(11);
  await all.settle();
  expect([failed, all.broken]).toEqual([["plugin.invalid"], []]);
});

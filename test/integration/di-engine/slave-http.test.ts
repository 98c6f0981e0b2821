import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { SlaveCaller } from "./fake-master.ts";
import { CHANNEL, scene } from "./scene.ts";

test("slave checks channel, then token, then body, then state, with the ancestor's codes", async () => {
  await using here = await scene({}, false);
  const { slave, master } = here;
  const as = (channel: number | string, token: string): SlaveCaller =>
    new SlaveCaller(slave.port, { channel, token });
  const expected: [SlaveCaller, string, string, unknown, number, number][] = [
    [as("", ""), "POST", "/connect", "{broken", 400, 201],
    [as(CHANNEL + 1, ""), "POST", "/connect", "{broken", 403, 202],
    [as("seven", "x"), "POST", "/connect", {}, 403, 202],
    [as(CHANNEL, ""), "POST", "/connect", "{broken", 400, 301],
    [as(CHANNEL, "x"), "POST", "/connect", "{broken", 400, 1],
    [as(CHANNEL, "x"), "POST", "/connect", { master: {} }, 400, 1],
    [as(CHANNEL, "x"), "POST", "/task/new", { task: { id: randomUUID() } }, 403, 302],
    [as(CHANNEL, "x"), "DELETE", "/disconnect", {}, 403, 302],
    [as("", ""), "GET", "/ping", {}, 400, 401],
    [as("", "x"), "GET", "/ping", {}, 403, 402],
    [as("", ""), "DELETE", "/shutdown", {}, 400, 401],
    [as("", "x"), "DELETE", "/shutdown", {}, 403, 402],
  ];
  for (const [caller, method, path, body, status, code] of expected) {
    const answer = await caller.call(method, path, body);
    expect([method, path, answer.status, answer.code]).toEqual([method, path, status, code]);
    expect(answer.success).toBe(false);
  }
  expect((await as(CHANNEL, "x").connect(master)).message).toBe("Connect success.");
  const bad = await as(CHANNEL, "x").newTask("no-uuid", {});
  expect([bad.status, bad.code]).toEqual([400, 1]);
  expect(bad.message).toContain("task.id");
});

test("a second master is refused with 501, the same one too; after a disconnect it may come", async () => {
  await using here = await scene();
  const { slave, master, caller } = here;
  const other = new SlaveCaller(slave.port, { channel: CHANNEL, token: "secret-2" });
  expect([(await caller.connect(master)).code, (await other.connect(master)).code]).toEqual([
    501, 501,
  ]);
  expect((await other.newTask(randomUUID(), {})).code).toBe(302);
  expect((await caller.disconnect()).message).toBe("Disconnect success.");
  expect((await other.connect(master)).success).toBe(true);
});

test("a busy slave refuses with 601 and the running task is unharmed", async () => {
  await using here = await scene();
  const { slave, master, caller } = here;
  const work = Promise.withResolvers<string>();
  slave.strange = () => work.promise;
  const [first, second] = [randomUUID(), randomUUID()];
  expect((await caller.newTask(first, { strange: true })).message).toBe("Task received!");
  const busy = await caller.newTask(second, { a: 1, b: 1 });
  expect([busy.status, busy.code]).toEqual([400, 601]);
  work.resolve("done");
  const result = await master.resultOf(first);
  expect([result.path, result.body.result]).toEqual(["/slave/task/complete", "done"]);
  expect([result.token, result.channel]).toEqual(["secret-1", String(CHANNEL)]);
});

test("the same task sent twice runs once, during its run and after it", async () => {
  await using here = await scene();
  const { slave, master, caller } = here;
  const id = randomUUID();
  expect((await caller.newTask(id, { sleep: 50 })).success).toBe(true);
  expect((await caller.newTask(id, { sleep: 50 })).success).toBe(true);
  await master.resultOf(id);
  expect((await caller.newTask(id, { sleep: 50 })).success).toBe(true);
  const other = randomUUID();
  await caller.newTask(other, { a: 1, b: 2 });
  await master.resultOf(other);
  expect(slave.ran).toEqual([id, other]);
});

test("a task accepted while the last result is still on its way keeps its own id", async () => {
  await using here = await scene();
  const { master, caller } = here;
  const [first, second] = [randomUUID(), randomUUID()];
  const release = Promise.withResolvers<void>();
  master.answer = async ({ body }) => {
    if (body.task?.id === first) await release.promise;
    return undefined;
  };
  await caller.newTask(first, { a: 1, b: 1 });
  await master.resultOf(first);
  await caller.newTask(second, { a: 2, b: 2 });
  const result = await master.resultOf(second);
  expect(result.body.result).toEqual({ sum: 4 });
  release.resolve();
  expect((await master.resultOf(first)).body.result).toEqual({ sum: 2 });
});

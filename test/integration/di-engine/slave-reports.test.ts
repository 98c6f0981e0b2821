import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { until } from "../../support/until.ts";
import { FakeMaster, refusal } from "./fake-master.ts";
import { CHANNEL, scene } from "./scene.ts";

test("a result is sent again until the master has heard it", async () => {
  await using here = await scene({ toleranceMs: 5_000 });
  const { master, caller } = here;
  let failures = 3;
  master.answer = ({ method }) =>
    method === "PUT" && failures-- > 0 ? new Response("oops", { status: 500 }) : undefined;
  const id = randomUUID();
  await caller.newTask(id, { a: 1, b: 2 });
  await until(() => master.results.length === 4, { what: "the fourth try" });
  expect(new Set(master.results.map(({ body }) => body.task?.id))).toEqual(new Set([id]));
});

test("a result that the master does not want is dropped, and the slave goes on", async () => {
  await using here = await scene();
  const { master, caller } = here;
  master.answer = ({ method }) => (method === "PUT" ? refusal(200, 601) : undefined);
  const id = randomUUID();
  await caller.newTask(id, { a: 1, b: 2 });
  await master.resultOf(id);
  master.answer = () => undefined;
  const next = randomUUID();
  await caller.newTask(next, { a: 3, b: 4 });
  expect((await master.resultOf(next)).body.result).toEqual({ sum: 7 });
  expect(master.results.length).toBe(2);
});

test("a master that dies frees the slave soon, idle or during a task", async () => {
  for (const isBusy of [false, true]) {
    await using here = await scene();
    const { slave, master, caller } = here;
    if (isBusy) await caller.newTask(randomUUID(), { sleep: 60_000 });
    master[Symbol.dispose]();
    await until(() => slave.status().master === null, { what: "the free slave" });
    using other = new FakeMaster();
    expect((await caller.connect(other)).success).toBe(true);
    const id = randomUUID();
    await caller.newTask(id, { a: 1, b: 2 });
    expect((await other.resultOf(id)).body.result).toEqual({ sum: 3 });
  }
});

test("a master that has forgotten the slave (restart on the same port) frees it at once", async () => {
  await using here = await scene();
  const { slave, master, caller } = here;
  await until(() => master.beats > 0, { what: "a heartbeat" });
  master.answer = () => refusal(403, 502);
  await until(() => slave.status().master === null, { what: "the free slave" });
  master.answer = () => undefined;
  expect((await caller.connect(master)).success).toBe(true);
});

test("a slave that stood still for longer than the tolerance does not give up a master that has answered", async () => {
  await using here = await scene({ toleranceMs: 200 });
  const { slave, master } = here;
  let isAsleep = true;
  master.answer = () => {
    // As in a machine that sleeps: they are in the same process.
    if (isAsleep) Bun.sleepSync(500);
    isAsleep = false;
    return undefined;
  };
  await until(() => master.beats > 3, { what: "heartbeats after that" });
  expect(slave.status().master).not.toBeNull();
});

test("heartbeats that come before the master has registered the slave do no harm", async () => {
  await using here = await scene({}, false);
  const { slave, master, caller } = here;
  let early = 3;
  master.answer = ({ path }) =>
    path === "/slave/heartbeat" && early-- > 0 ? refusal(403, 502) : undefined;
  await caller.connect(master);
  await until(() => master.beats >= 5, { what: "heartbeats" });
  expect(slave.status().master?.kind).toBe("di-engine");
});

test("disconnect during a task cancels it; the next connection works", async () => {
  await using here = await scene();
  const { slave, master, caller } = here;
  await caller.newTask(randomUUID(), { sleep: 60_000 });
  expect((await caller.disconnect()).success).toBe(true);
  expect(slave.status().counts.cancelled).toBe(1);
  expect((await caller.connect(master)).success).toBe(true);
  const id = randomUUID();
  await caller.newTask(id, { a: 2, b: 2 });
  expect((await master.resultOf(id)).body.result).toEqual({ sum: 4 });
});

test("a hundred connects and disconnects in a row wedge nothing", async () => {
  await using here = await scene({ heartbeatMs: 10 }, false);
  const { slave, master, caller } = here;
  for (let round = 0; round < 100; round++) {
    expect((await caller.connect(master)).success).toBe(true);
    expect((await caller.disconnect()).success).toBe(true);
  }
  expect(slave.status().master).toBeNull();
});

test("failures carry a result: TaskFail's own, the error's words, or why it cannot be sent", async () => {
  await using here = await scene();
  const { master, caller } = here;
  const fail = async (data: unknown): Promise<unknown> => {
    const id = randomUUID();
    await caller.newTask(id, data);
    const { path, body } = await master.resultOf(id);
    expect(path).toBe("/slave/task/fail");
    return body.result;
  };
  expect(await fail({ a: 1 })).toEqual({ message: "ab not found" });
  expect(await fail({ throw: "boom" })).toEqual({ code: "task.failed", message: "boom" });
});

test("results and data cross unchanged, NaN and the infinities as Python writes them", async () => {
  await using here = await scene();
  const { slave, caller } = here;
  const texts: string[] = [];
  using listening = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      if (request.method === "PUT") texts.push(await request.text());
      return Response.json({ success: true, code: 0, message: "", data: null });
    },
  });
  await caller.disconnect();
  await caller.call("POST", "/connect", {
    master: { address: `http://127.0.0.1:${listening.port}` },
  });
  for (const value of [
    "0",
    '""',
    "[]",
    "false",
    "null",
    "[NaN,Infinity,-Infinity]",
    '{"a":[1.5]}',
  ]) {
    const id = randomUUID();
    const count = texts.length;
    const answer = await caller.call(
      "POST",
      "/task/new",
      `{"task":{"id":"${id}"},"data":{"echo":${value}}}`,
    );
    expect(answer.success).toBe(true);
    await until(() => texts.length > count, { what: "the result" });
    expect(texts.at(-1)?.replaceAll(" ", "")).toBe(`{"task":{"id":"${id}"},"result":${value}}`);
  }
  expect(slave.status().counts.failed).toBe(0);
});

test("a body over the limit is refused with 413 and the connection lives", async () => {
  await using here = await scene();
  const { master, caller } = here;
  const huge = new Uint8Array(65 * 1024 * 1024).fill(32);
  const response = await fetch(`http://127.0.0.1:${here.slave.port}/task/new`, {
    method: "POST",
    headers: { Channel: String(CHANNEL), Token: "secret-1" },
    body: huge,
  });
  expect(response.status).toBe(413);
  await response.arrayBuffer();
  const id = randomUUID();
  await caller.newTask(id, { a: 1, b: 1 });
  expect((await master.resultOf(id)).body.result).toEqual({ sum: 2 });
});

test("connect to an address that is not the caller's is refused: the slave calls no strangers", async () => {
  await using here = await scene({}, false);
  const { caller } = here;
  for (const address of [
    "http://192.0.2.7:80",
    "http://user:pw@127.0.0.1:1",
    "ftp://127.0.0.1/x",
  ]) {
    const answer = await caller.call("POST", "/connect", { master: { address } });
    expect([400, 403]).toContain(answer.status);
    expect(answer.success).toBe(false);
  }
  await using open = await scene({ allowCallback: ["192.0.2.7"] }, false);
  const allowed = await open.caller.call("POST", "/connect", {
    master: { address: "http://127.0.0.1:1" },
  });
  expect(allowed.success).toBe(true);
});

test("with a token the dialect is closed, unless it is allowed", async () => {
  await using closed = await scene({ token: "t0ken" }, false);
  expect((await closed.caller.connect(closed.master)).status).toBe(401);
  await using open = await scene({ token: "t0ken", allowDiEngine: true });
  const id = randomUUID();
  await open.caller.newTask(id, { a: 1, b: 1 });
  expect((await open.master.resultOf(id)).body.result).toEqual({ sum: 2 });
});

test("a stopping slave answers 101, finishes its task and delivers the result", async () => {
  const here = await scene();
  const { slave, master, caller } = here;
  const id = randomUUID();
  const work = Promise.withResolvers<string>();
  slave.strange = () => work.promise;
  await caller.newTask(id, { strange: true });
  slave.shutdown();
  const refused = await caller.newTask(randomUUID(), { a: 1, b: 1 });
  expect([refused.status, refused.code]).toEqual([401, 101]);
  work.resolve("done");
  await slave.join();
  expect(master.results.map(({ body }) => body)).toEqual([{ task: { id }, result: "done" }]);
  await here[Symbol.asyncDispose]();
});

test("a result that the dialect cannot carry fails its task, and the place is free again", async () => {
  await using here = await scene();
  const { slave, master, caller } = here;
  slave.strange = () => new Map([[[1, 2], 3]]);
  const id = randomUUID();
  await caller.newTask(id, { strange: true });
  const { path, body } = await master.resultOf(id);
  expect(path).toBe("/slave/task/fail");
  expect(body.result).toMatchObject({ code: "task.invalid-result" });
  const next = randomUUID();
  expect((await caller.newTask(next, { a: 1, b: 1 })).success).toBe(true);
  expect((await master.resultOf(next)).body.result).toEqual({ sum: 2 });
});

test("what answers at the master's address but is no master frees the slave after the tolerance", async () => {
  for (const stranger of [
    () => new Response("<h1>hello</h1>"),
    () => new Response("no such page", { status: 404 }),
    () => new Response("bad gateway", { status: 502 }),
  ]) {
    await using here = await scene({ toleranceMs: 300 });
    const { slave, master } = here;
    await until(() => master.beats > 0, { what: "a heartbeat" });
    master.answer = stranger;
    await until(() => slave.status().master === null, { what: "the free slave" });
  }
});

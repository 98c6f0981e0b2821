import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { Tensor } from "../../../../src/protocol/tensor.ts";
import { Client } from "../../../../src/serve/client/client.ts";
import { ConcurrentClient } from "../../../../src/serve/client/concurrent-client.ts";
import { FakeModels, untilAborted } from "../../../support/fake-models.ts";
import { Gate, thrownBy } from "../../../support/interaction.ts";
import { startNative } from "../../../support/native-server.ts";
import { until } from "../../../support/until.ts";

test("encode() brings every kind of value there and back", async () => {
  await using server = await startNative((item) => item);
  await using client = new Client({ port: server.port, portOut: 1, protocol: "obj" });
  const values = [
    null,
    "ü",
    -0.5,
    [1, [2]],
    new Uint8Array([1, 2]),
    { x: new Float32Array([1, 2]), y: new BigInt64Array([5n]), z: new Float16Array([1.5]) },
    new Tensor(new Float32Array(6), [2, 3]),
    new Set([1]),
    new Date(5),
  ];
  for (const value of values) expect(await client.encode(value)).toEqual(value as never);
});

test("encode() asks the model and the version of the client, and hands on priority and parameters", async () => {
  const models = new FakeModels({ a: () => "a", b: () => "b" });
  await using server = await startNative(models);
  const { address: ip } = server;
  await using client = new Client({ ip, model: "b", version: "1", priority: 2, identity: "me" });
  expect(await client.encode(1, { parameters: { k: 1 }, timeoutMs: 5_000 })).toBe("b");
  expect(models.requests[0]).toMatchObject({ client: "me", priority: 2, parameters: { k: 1 } });
  expect(models.requests[0]?.timeoutMs).toBeWithin(1, 5_001);
  await using other = new Client({ ip, model: "c" });
  expect(await thrownBy(other.encode(1))).toMatchObject({ code: "http.not-found" });
});

test("encode() rejects with the model's error, and with what is wrong with its item", async () => {
  await using server = await startNative(() => {
    throw new DingError("task.failed", "no", { hint: "h", details: { k: 1 } });
  });
  await using client = new Client({ port: server.port });
  expect(await thrownBy(client.encode(1))).toMatchObject({
    code: "task.failed",
    message: "no",
    hint: "h",
    details: { k: 1 },
  });
  expect(await thrownBy(client.encode(() => 1))).toMatchObject({ code: "usage.invalid-input" });
  expect(await thrownBy(client.encode(1, { timeoutMs: -1 }))).toMatchObject({
    code: "usage.invalid-option",
  });
  expect(server.native.clients).toBe(1);
  const stopped = AbortSignal.abort(new Error("enough"));
  expect((await thrownBy(client.encode(1, { signal: stopped }))).message).toBe("enough");
});

test("encode({ blocking: false }) gives ids; fetch() gives answers as they come, until none is left", async () => {
  const gates = { a: new Gate(), b: new Gate(), c: new Gate() };
  await using server = await startNative(async (item) => {
    await gates[item as keyof typeof gates].pass();
    if (item === "b") throw new DingError("task.failed", "no");
    return item;
  });
  await using client = new Client({ port: server.port });
  const ids = [];
  for (const item of ["a", "b", "c"]) ids.push(await client.encode(item, { blocking: false }));
  expect(ids).toEqual(["1", "2", "3"]);
  expect(client.status).toMatchObject({ numRequest: 3, numResponse: 0, pendingRequest: 3 });
  const told: unknown[] = [];
  gates.c.open();
  for await (const { id, embedding, errorCode, errorMessage } of client.fetch()) {
    told.push([id, embedding, errorCode, errorMessage]);
    (id === "3" ? gates.b : gates.a).open();
  }
  expect(told).toEqual([
    ["3", "c", 0, ""],
    ["2", undefined, 1, "no"],
    ["1", "a", 0, ""],
  ]);
  expect(client.status).toMatchObject({ pendingRequest: 0, pendingResponse: 0, numResponse: 3 });
});

test("fetchAll() sorts by request and joins; a failure is thrown and loses nothing", async () => {
  await using server = await startNative((item) => {
    if (item === -1) throw new DingError("task.failed", "no");
    return new Float32Array([item as number]);
  });
  await using client = new Client({ port: server.port });
  const send = async (items: number[]): Promise<void> => {
    for (const item of items) await client.encode(item, { blocking: false });
  };
  const items = Array.from({ length: 25 }, (_, index) => index);
  await send(items);
  expect(await client.fetchAll({ concat: true })).toEqual(new Float32Array(items));
  await send([7, 8]);
  expect(await client.fetchAll()).toEqual([new Float32Array([7]), new Float32Array([8])]);
  expect(await client.fetchAll()).toEqual([]);
  await send([1, -1, 2]);
  expect(await thrownBy(client.fetchAll())).toMatchObject({ code: "task.failed" });
  const all = await client.fetchAll({ returnId: true });
  expect(all.map(({ id, errorCode }) => [id, errorCode])).toEqual([
    ["28", 0],
    ["29", 1],
    ["30", 0],
  ]);
});

test("requestId names a request: the same item runs once, another item under the same name anew", async () => {
  let runs = 0;
  await using server = await startNative((item) => [item, ++runs]);
  await using client = new Client({ port: server.port, identity: "a#b" });
  const requestId = "x";
  const [one, two] = await Promise.all([
    client.encode(1, { requestId }),
    client.encode(1, { requestId }),
  ]);
  expect([one, two, await client.encode(1, { requestId })]).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
  expect(await client.encode(2, { requestId })).toEqual([2, 2]);
  await using twin = new Client({ port: server.port, identity: "a#b" });
  expect(await twin.encode(1, { requestId })).toEqual([1, 1]);
  expect(await twin.encode(1)).toEqual([1, 3]);
  await using stranger = new Client({ port: server.port, identity: "a" });
  expect(await stranger.encode(1, { requestId })).toEqual([1, 4]);
});

test("window bounds what is at the server; ConcurrentClient lets callers wait, and turns none away", async () => {
  let running = 0;
  let most = 0;
  await using server = await startNative(async (item) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return item;
  });
  await using client = new ConcurrentClient({ port: server.port, maxConcurrency: 4 });
  const items = Array.from({ length: 100 }, (_, index) => index);
  expect(await Promise.all(items.map((item) => client.encode<number>(item)))).toEqual(items);
  expect([most, client.maxConcurrency]).toEqual([4, 4]);
});

test("encode() past its timeout, or aborted, is cancelled at the server", async () => {
  const aborted: unknown[] = [];
  const models = new FakeModels({
    m: (item, { signal }) => untilAborted(signal).finally(() => aborted.push(item)),
  });
  await using server = await startNative(models);
  await using client = new Client({ port: server.port, window: 2 });
  await client.connect();
  const stop = new AbortController();
  const sent = [
    client.encode("late", { timeoutMs: 2_000 }),
    client.encode("stopped", { signal: stop.signal }),
  ].map(thrownBy);
  await until(() => models.requests.length === 2);
  const unsent = await thrownBy(client.encode("never sent", { timeoutMs: 50 }));
  stop.abort(new Error("enough"));
  const errors = [...(await Promise.all(sent)), unsent];
  expect(errors.map((error) => (error as DingError).code)).toEqual([
    "task.timed-out",
    undefined as never,
    "task.timed-out",
  ]);
  expect(errors[1]?.message).toBe("enough");
  await until(() => aborted.length === 2 && server.native.desk.open === 0);
  expect(new Set(aborted)).toEqual(new Set(["late", "stopped"]));
  expect(client.status.servers[0]?.state).toBe("up");
});

test("close() fails what is under way, cancels it at the server, and is final", async () => {
  const models = new FakeModels({ m: (_item, { signal }) => untilAborted(signal) });
  await using server = await startNative(models);
  await using client = new Client({ port: server.port });
  const asked = thrownBy(client.encode(1));
  await client.encode(2, { blocking: false });
  await until(() => models.requests.length === 2);
  await client.close();
  expect(await asked).toMatchObject({ code: "service.stopping" });
  const [left] = await client.fetchAll({ returnId: true });
  expect(left).toMatchObject({ id: "2", errorCode: 1 });
  await until(() => server.native.desk.open === 0 && server.native.clients === 0);
  expect(await thrownBy(client.encode(1))).toMatchObject({ code: "service.stopping" });
  await client.close();
});

test("serverStatus() and models() tell what the server says; status needs nobody", async () => {
  await using server = await startNative((item) => item);
  await using client = new Client({ servers: [server.address], identity: "me" });
  expect(client.status).toMatchObject({ identity: "me", servers: [{ state: "idle" }] });
  expect(await client.serverStatus()).toEqual({ models: ["model"], open: 0 });
  expect((await client.models()).map(({ name, state }) => [name, state])).toEqual([
    ["model", "READY"],
  ]);
  expect(client.status.servers).toMatchObject([{ address: server.address, state: "up" }]);
});

test("checkLength refuses what the model has no room for, before it is sent", async () => {
  const models = new FakeModels({
    m: { predict: (item) => item, facts: { inputSchema: { type: "string", maxLength: 3 } } },
  });
  await using server = await startNative(models);
  await using client = new Client({ port: server.port, checkLength: true });
  expect(await client.encode("abc")).toBe("abc");
  expect(await thrownBy(client.encode("abcd"))).toMatchObject({ code: "usage.invalid-input" });
  await client.encode("abcd", { blocking: false });
  expect((await client.fetchAll({ returnId: true }))[0]).toMatchObject({ errorCode: 1 });
  await using careless = new Client({
    port: server.port,
    checkLength: true,
    ignoreAllChecks: true,
  });
  expect(await careless.encode("abcd")).toBe("abcd");
  expect(models.requests).toHaveLength(2);
});

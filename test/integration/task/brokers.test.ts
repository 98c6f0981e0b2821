import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { openPubSub } from "../../../src/broker/pubsub/open-pubsub.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { msgpack } from "../../../src/protocol/codec.ts";
import { BrokerMesh } from "../../../src/task/node/broker-mesh.ts";
import { NodeRun, type JoinOrder, type NodeSetUp } from "../../../src/task/parallel/node-run.ts";
import { natsMissing, natsServer } from "../../support/nats-server.ts";
import { redisMissing, redisServer } from "../../support/redis-server.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";
import { member, PATIENT, type Member } from "./mesh-members.ts";

interface Server extends AsyncDisposable {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Of Redis. */
  say?(command: string): Promise<string>;
}

const SERVERS: [name: string, missing: string | undefined, start: () => Promise<Server>][] = [
  ["Redis", redisMissing, redisServer],
  ["NATS", natsMissing, natsServer],
];

const ALONE: JoinOrder = { dial: [], later: [], nodeIds: [], nodes: 1, timeoutMs: 60_000 };

function setUpOf(url: string): NodeSetUp {
  const host = "127.0.0.1";
  return {
    nodeId: 4,
    labels: [],
    topology: "mesh",
    host: undefined,
    port: 0,
    address: host,
    insecure: false,
    seed: 1,
    probes: { host, metricsPort: 0, healthPort: 0 },
    broker: { url, name: "test" },
  };
}

async function joined(
  stack: AsyncDisposableStack,
  url: string,
  nodeId: number,
): Promise<Member & { mesh: BrokerMesh }> {
  const made = await member(stack, nodeId, { host: undefined, heartbeatMs: 200 });
  const options = { url, name: "test", node: made.node, log: silentLogger };
  const mesh = stack.use(await BrokerMesh.open(options));
  mesh.settle();
  return { ...made, mesh };
}

test("a node that died without a word makes way for another of its id, long before it is given up", async () => {
  await using stack = new AsyncDisposableStack();
  const [first, dead] = [
    await joined(stack, "memory:way", 0),
    await joined(stack, "memory:way", 1),
  ];
  await until(() => first.heard.includes("join 1"), PATIENT);
  await dead.mesh[Symbol.asyncDispose]();
  const startedMs = performance.now();
  const alive = await joined(stack, "memory:way", 1);
  await until(() => first.heard.length === 4 && alive.heard.includes("join 0"), PATIENT);
  expect(first.heard).toEqual(["join 1", "suspect 1", "crash 1", "join 1"]);
  expect(performance.now() - startedMs).toBeLessThan(20_000); // so long it would be waited for
});

test("a node that a broker joins answers on ports of its own, and is ready while its main runs", async () => {
  await using stack = new AsyncDisposableStack();
  const run = stack.use(new NodeRun({ ...setUpOf("memory:probes"), token: "t" }, silentLogger));
  const { address, metrics, health } = await run.listen();
  expect([address, metrics === health]).toEqual(["", true]);
  const ask = async (path: string, token?: string): Promise<[number, string]> => {
    const headers: HeadersInit = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const answer = await fetch(`http://${health}${path}`, { headers });
    return [answer.status, await answer.text()];
  };
  const notYet = { ready: false, reason: "the mesh has not formed" };
  const [status, text] = await ask("/health/ready");
  expect([status, JSON.parse(text)]).toEqual([503, notYet]);
  expect((await ask("/health/live"))[0]).toBe(200);
  await run.join(ALONE);
  await run.run(async () => {
    expect((await ask("/health/ready"))[0]).toBe(200);
    expect((await ask("/metrics"))[0]).toBe(401);
    expect(await ask("/metrics", "t")).toEqual([200, expect.stringContaining("ding_task_peers")]);
  });
  expect(await thrownBy(ask("/health/ready"))).toBeInstanceOf(Error);
});

test("a node that is alone on a broker is not joined by another of its id, nor goes on beside an older one", async () => {
  await using stack = new AsyncDisposableStack();
  const setUp = setUpOf("memory:same-id");
  const told = { code: "peer.refused", message: "Cannot join the mesh as node 4: there is one" };
  const made = (): NodeRun => stack.use(new NodeRun(setUp, silentLogger));
  const [first, second, third] = [made(), made(), made()];
  await first.listen();
  await first.join(ALONE);
  await second.listen();
  expect(await thrownBy(second.join(ALONE))).toMatchObject(told);
  // As a host that the broker could not reach for a while.
  const pubsub = await openPubSub("memory:same-id");
  stack.defer(() => pubsub.close());
  const failure = thrownBy(first.run(() => new Promise(() => {})));
  const hello = { nodeId: 4, boot: randomUUID(), isAsking: false, since: 1 };
  await pubsub.publish("ding.task.test.hello", msgpack.encode(hello));
  expect(await failure).toMatchObject(told);
  await third.listen();
  await third.join(ALONE);
});

for (const [name, missing, start] of SERVERS) {
  describe.skipIf(missing !== undefined)(`BrokerMesh over ${name}`, () => {
    test("all events arrive, once and in order, though the broker is killed while they flow", async () => {
      await using stack = new AsyncDisposableStack();
      const server = stack.use(await start());
      const members = await Promise.all([0, 1, 2].map((id) => joined(stack, server.url, id)));
      const [first, second] = members as Member[] as [Member, Member, Member];
      await until(() => members.every(({ node }) => node.peers().length === 2), PATIENT);
      const heard = members.map((): number[] => []);
      for (const [index, { task }] of members.entries()) {
        task.on("x", (value: number) => void heard[index]?.push(value));
        task.on("twice", (value: number) => value * 2);
      }
      expect(await second.task.request<number>(0, "twice", 21)).toBe(42);
      const numbers = Array.from({ length: 3_000 }, (_, index) => index);
      for (const number of numbers) {
        await first.task.emit("x", [number], { onlyRemote: true });
        if (number === 700) await server.say?.("CLIENT KILL TYPE pubsub");
        if (number === 900) await server.say?.("CLIENT KILL TYPE normal");
        if (number === 1_500) {
          await server.kill();
          await server.start();
        }
      }
      await until(() => heard.slice(1).every(({ length }) => length === numbers.length), PATIENT);
      expect([heard[0], heard[1], heard[2]]).toEqual([[], numbers, numbers]);
      const { node } = await member(stack, 1, { host: undefined });
      const again = stack.use(
        await BrokerMesh.open({ url: server.url, name: "test", node, log: silentLogger }),
      );
      expect(await thrownBy(again.taken)).toMatchObject({
        message: "Cannot join the mesh as node 1: there is one",
      });
    });
  });
}

import { expect, test } from "bun:test";
import { brokerUrl } from "../../../../src/task/parallel/mq.ts";
import { prepare } from "../../../../src/task/parallel/parallel.ts";
import { planLaunch, targetOf, type PlanOptions } from "../../../../src/task/parallel/plan.ts";

const plan = (options: Partial<PlanOptions>): ReturnType<typeof planLaunch> =>
  planLaunch({ parallelWorkers: 1, protocol: "tcp", topology: "mesh", isOpen: false, ...options });

test("planLaunch() counts ports from 50515 and ids from 0 on, and dials as the topology has it", () => {
  const mesh = plan({ parallelWorkers: 3 });
  expect(mesh.nodes.map(({ nodeId, port, dials }) => [nodeId, port, dials])).toEqual([
    [0, 50_515, []],
    [1, 50_516, [0]],
    [2, 50_517, [0, 1]],
  ]);
  expect(mesh).toMatchObject({ address: "127.0.0.1", attachTo: [] });
  const star = plan({ parallelWorkers: 3, topology: "star" });
  expect(star.nodes.map(({ dials }) => dials)).toEqual([[], [0], [0]]);
  const alone = plan({ parallelWorkers: 2, topology: "alone", protocol: "ipc" });
  expect(alone.nodes.map(({ port, dials }) => [port, dials])).toEqual([
    [0, []],
    [0, []],
  ]);
});

test("planLaunch() takes one number as the first, or one for each, and says what does not fit", () => {
  const options = { parallelWorkers: 2, address: "10.0.0.1", attachTo: ["tcp://10.0.0.9:50555"] };
  const { nodes, address, attachTo } = plan({ ...options, ports: [50_556], nodeIds: [1, 2] });
  expect(nodes.map(({ nodeId, port }) => [nodeId, port])).toEqual([
    [1, 50_556],
    [2, 50_557],
  ]);
  expect([address, attachTo]).toEqual(["10.0.0.1", ["10.0.0.9:50555"]]);
  expect(plan({ parallelWorkers: 2, ports: [0] }).nodes.map(({ port }) => port)).toEqual([0, 0]);
  expect(() => plan({ parallelWorkers: 3, ports: [1, 2] })).toThrow("there are 3 nodes");
  expect(() => plan({ parallelWorkers: 2, nodeIds: [4, 4] })).toThrow(
    "each node needs one of its own",
  );
  expect(() => plan({ parallelWorkers: 2, ports: [65_535] })).toThrow("there is no port 65536");
});

test("targetOf() reads where to attach, with and without a scheme", () => {
  expect(["tcp://h:1", "h:1", "ws://10.0.0.1:50515/", "tcp://[::1]:9"].map(targetOf)).toEqual([
    "h:1",
    "h:1",
    "10.0.0.1:50515",
    "[::1]:9",
  ]);
  for (const text of ["h", "http://h:1", "tcp://h", "tcp://", "h:x"]) {
    expect(() => targetOf(text)).toThrow("it is not tcp://HOST:PORT");
  }
});

test("prepare() takes texts where there may be lists", () => {
  const { plan: planned, setUpOf } = prepare({
    attachTo: "tcp://a:1, b:2",
    labels: "x,y",
    ports: 7,
  });
  expect([planned.attachTo, setUpOf(0).labels]).toEqual([
    ["a:1", "b:2"],
    ["x", "y"],
  ]);
});

test("brokerUrl() knows the ancestor's words, and URLs", () => {
  expect(brokerUrl({})).toBeUndefined();
  expect(brokerUrl({ mqType: "redis", redisHost: "h", redisPort: 1 })).toBe("redis://h:1");
  expect(brokerUrl({ mqType: "redis" })).toBe("redis://127.0.0.1:6379");
  expect(brokerUrl({ mqUrl: "nats://h" })).toBe("nats://h");
  expect(() => brokerUrl({ redisHost: "h" })).toThrow("--redis-host: it is for --mq-type redis");
  expect(() => brokerUrl({ redisPort: 1, mqType: "nats" })).toThrow("--redis-port: it is for");
  expect(() => brokerUrl({ redisPort: 1, mqUrl: "redis://h" })).toThrow("cannot be with --mq-url");
  expect(() => brokerUrl({ mqType: "kafka" })).toThrow("none of nng, redis, nats");
  expect(() => brokerUrl({ mqType: "redis", mqUrl: "nats://h" })).toThrow("another broker");
});

/** Two nodes in two processes: `bun node-pair.ts HOST:PORT` joins as node 1, and does what node 0 asks for. */
import { once } from "node:events";
import { MeshNode } from "../../src/task/node/mesh-node.ts";
import { MainTask } from "../../src/task/task.ts";
import { PAYLOAD } from "../limits/events.ts";
import { Processes } from "../support/processes.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;
const TENSOR_BYTES = 1_000_000;
const MEBIBYTE = 1024 * 1024;

/** What a flood came to. */
export interface Flood {
  perSecond: number;
  /** Were they all there, in order? */
  isInOrder: boolean;
  /** The most memory that the sender had. */
  peakMiB: number;
}

/** Node 0 here, node 1 there. */
export class NodePair implements AsyncDisposable {
  readonly #processes = new Processes();
  readonly #node = new MeshNode({ ...LOCAL, nodeId: 0 });
  readonly #main = new MainTask({ router: this.#node });
  readonly task: MainTask = this.#main.start();

  static async start(): Promise<NodePair> {
    const pair = new NodePair();
    await pair.#node.start();
    const joined = pair.task.waitFor("peer:join");
    await pair.#processes.start(process.execPath, [import.meta.path, pair.#node.address]);
    await joined;
    return pair;
  }

  /** Events a second through emit and handler. */
  async rate(count: number): Promise<number> {
    let left = count;
    let firstMs = 0;
    const done = Promise.withResolvers<number>();
    const off = this.task.on("event", () => {
      firstMs ||= performance.now();
      if ((left -= 1) === 0) done.resolve(performance.now() - firstMs);
    });
    await this.task.request(1, "flood", count);
    const ms = await done.promise;
    off();
    return (count / ms) * 1_000;
  }

  /** Gigabytes a second of tensors of 1 MB. */
  async tensors(count: number): Promise<number> {
    let left = count;
    const done = Promise.withResolvers<void>();
    const off = this.task.on("tensor", (tensor: Float32Array) => {
      if (tensor.byteLength !== TENSOR_BYTES)
        done.reject(new Error("Not the tensor that was sent"));
      if ((left -= 1) === 0) done.resolve();
    });
    const startedMs = performance.now();
    await this.task.request(1, "tensors", count);
    await done.promise;
    off();
    return (count * TENSOR_BYTES) / (performance.now() - startedMs) / 1e6;
  }

  /** To a handler that waits for the event loop now and then, and so is slower than the sender. */
  async burst(count: number): Promise<Flood> {
    let next = 0;
    let isInOrder = true;
    const done = Promise.withResolvers<void>();
    const off = this.task.on("burst", (index: number) => {
      isInOrder &&= index === next;
      next += 1;
      if (next === count) done.resolve();
      return next % 100 === 0 ? new Promise((resolve) => void setImmediate(resolve)) : undefined;
    });
    const startedMs = performance.now();
    const peakBytes = await this.task.request<number>(1, "burst", count, { timeoutMs: 300_000 });
    await done.promise;
    off();
    const perSecond = (count / (performance.now() - startedMs)) * 1_000;
    return { perSecond, isInOrder, peakMiB: peakBytes / MEBIBYTE };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#main.close();
    await this.#node.close();
    await this.#processes[Symbol.asyncDispose]();
  }
}

async function join(address: string): Promise<void> {
  const node = await new MeshNode({ ...LOCAL, nodeId: 1 }).start();
  await using task = new MainTask({ router: node }).start();
  const remote = { onlyRemote: true };
  const flood = async (count: number): Promise<void> => {
    const args = [PAYLOAD];
    for (let index = 0; index < count; index++) await task.emit("event", args, remote);
  };
  task.on("flood", (count: number) => void flood(count));
  task.on("tensors", async (count: number) => {
    const args = [new Float32Array(TENSOR_BYTES / 4)];
    for (let index = 0; index < count; index++) await task.emit("tensor", args, remote);
  });
  task.on("burst", async (count: number) => {
    let peakBytes = 0;
    for (let index = 0; index < count; index++) {
      await task.emit("burst", [index, PAYLOAD], remote);
      if (index % 10_000 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    }
    return peakBytes;
  });
  task.on("echo", (value: unknown) => value);
  await node.dial([address]);
  console.log("ready");
  await once(process, "SIGTERM");
  process.exit(0);
}

if (import.meta.main) await join(process.argv[2] ?? "");

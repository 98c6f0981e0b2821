import { readFileSync } from "node:fs";
import { signalIfThere } from "../support/signal-if-there.ts";
import type { RunningDing } from "../support/ding.ts";
import { Chance } from "../support/chance.ts";
import { freePort } from "../support/free-port.ts";
import { askStatus } from "../support/interaction.ts";
import { CHANNEL, startSlave } from "../support/slave.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const PLUGIN = `${import.meta.dir}/fixtures/ledger.ts`;
const SLAVE_ARGS = ["--mode", "queue", "--queue-limit", "4", "--concurrency", "2"];

/** What can happen to a slave, and how often it does. */
export type Trouble = "cut" | "kill slave" | "stop slave" | "kill worker" | "stop worker";

/** One slave process after the other at one address, behind a proxy. */
interface Node {
  port: number;
  proxy: TcpProxy;
  slave: RunningDing;
  /** One kill at a time: the next slave must be there first. */
  isRestarting: boolean;
}

/** Real slaves to which things happen, by chance, as long as a job runs. */
export class Cluster implements AsyncDisposable {
  readonly counts: Partial<Record<Trouble, number>> = {};
  readonly #folder: TempFolder;
  readonly #nodes: Node[] = [];
  readonly #chance: Chance;
  readonly #args: string[];
  readonly #stopped = new Set<number>();

  private constructor(folder: TempFolder, chance: Chance, args: string[]) {
    this.#folder = folder;
    this.#chance = chance;
    this.#args = [...SLAVE_ARGS, ...args];
  }

  static async start(size: number, seed: number, args: string[] = []): Promise<Cluster> {
    const cluster = new Cluster(await tempFolder(), new Chance(seed), args);
    await Promise.all(Array.from({ length: size }, () => cluster.#addNode()));
    return cluster;
  }

  /** Where masters reach the slaves. */
  get addresses(): string[] {
    return this.#nodes.map(({ proxy }) => `127.0.0.1:${proxy.port}`);
  }

  get ports(): number[] {
    return this.#nodes.map(({ proxy }) => proxy.port);
  }

  /** Every task that has begun, by id and try, in order. */
  begun(): string[] {
    return readFileSync(this.#folder.file("ledger"), "utf8").split("\n").filter(Boolean);
  }

  /** Lets things happen until `done` settles; whoever was stopped goes on afterwards. */
  async harass(
    done: Promise<unknown>,
    weights: Record<Trouble, number>,
    mostStopMs: number,
  ): Promise<void> {
    let isDone = false;
    const end = done.catch(() => {}).finally(() => (isDone = true));
    const troubles = Object.entries(weights).flatMap(([trouble, weight]) =>
      Array.from({ length: weight }, () => trouble as Trouble),
    );
    const underWay: Promise<void>[] = [];
    while (!isDone) {
      underWay.push(this.#cause(this.#chance.pick(troubles), mostStopMs));
      await Promise.race([end, wait(this.#chance.integer(20, 250))]);
    }
    await Promise.all(underWay);
  }

  /** Stops every slave as an operator does; gives their exit codes and what was left in them. */
  async stop(): Promise<{ codes: (number | null)[]; left: unknown[] }> {
    const left = await Promise.all(
      this.#nodes.map(async ({ port }) => {
        const { running, queued } = await askStatus({ url: `http://127.0.0.1:${port}` });
        return { running, queued };
      }),
    );
    const ends = await Promise.all(this.#nodes.map(({ slave }) => slave.stop()));
    return { codes: ends.map(({ code }) => code), left };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#stopped) signalIfThere(pid, "SIGCONT");
    for (const { slave, proxy } of this.#nodes) {
      await slave[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    }
    await this.#folder[Symbol.asyncDispose]();
  }

  async #addNode(): Promise<void> {
    const port = await freePort();
    await this.#folder.write("ledger", "");
    const slave = await this.#spawn(port);
    this.#nodes.push({ port, slave, proxy: await TcpProxy.open(port), isRestarting: false });
  }

  #spawn(port: number): Promise<RunningDing> {
    const env = { LEDGER: this.#folder.file("ledger") };
    return startSlave(PLUGIN, ["--port", `${port}`, ...this.#args], { runtime: "bun", env });
  }

  async #cause(trouble: Trouble, mostStopMs: number): Promise<void> {
    const node = this.#chance.pick(this.#nodes);
    const stopMs = this.#chance.integer(20, mostStopMs);
    const workerIndex = this.#chance.integer(0, 1);
    if (node.isRestarting) return;
    if (trouble === "cut") node.proxy.cut();
    else if (trouble === "kill slave") await this.#restart(node);
    else if (trouble === "stop slave") await this.#pause(node.slave.pid, stopMs);
    else {
      const pid = await workerOf(node, workerIndex);
      if (pid === undefined) return;
      if (trouble === "kill worker") signalIfThere(pid, "SIGKILL");
      else await this.#pause(pid, stopMs);
    }
    this.counts[trouble] = (this.counts[trouble] ?? 0) + 1;
  }

  async #restart(node: Node): Promise<void> {
    node.isRestarting = true;
    const { pid } = node.slave;
    node.slave.kill("SIGKILL");
    await node.proxy.hide();
    signalIfThere(pid, "SIGCONT");
    await node.slave[Symbol.asyncDispose]();
    node.slave = await this.#spawn(node.port);
    await node.proxy.show();
    node.isRestarting = false;
  }

  async #pause(pid: number, ms: number): Promise<void> {
    if (this.#stopped.has(pid)) return;
    this.#stopped.add(pid);
    signalIfThere(pid, "SIGSTOP");
    await wait(ms);
    signalIfThere(pid, "SIGCONT");
    this.#stopped.delete(pid);
  }
}

/** The channel of all slaves of a cluster. */
export const CLUSTER_CHANNEL = Number(CHANNEL);

async function workerOf({ port }: Node, index: number): Promise<number | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/status`, {
      signal: AbortSignal.timeout(500),
    });
    const { workers } = (await response.json()) as { workers: { pid: number }[] };
    return workers[index]?.pid;
  } catch {
    return undefined; // it is stopped, or about to be killed
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

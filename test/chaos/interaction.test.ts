import { expect, test } from "bun:test";
import type { SlaveConnection } from "../../src/master/connection.ts";
import type { Master } from "../../src/master/master.ts";
import type { Task } from "../../src/master/task.ts";
import type { DingError } from "../../src/core/errors.ts";
import { newId } from "../../src/core/id.ts";
import { Chance, chaosSeed } from "../support/chance.ts";
import { startMaster } from "../support/interaction.ts";
import { submit } from "../support/submit.ts";
import { until } from "../support/until.ts";
import { Cluster, CLUSTER_CHANNEL, type Trouble } from "./cluster.ts";
import type { LedgerTask } from "./fixtures/ledger.ts";

function tasksOf(count: number, seed: number): LedgerTask[] {
  const chance = new Chance(seed);
  return Array.from({ length: count }, (_, index) => ({
    index,
    ms: chance.integer(1, 250),
    isBusy: chance.next() < 0.1,
  }));
}

/** What must hold whatever happened; `killed` workers may have taken a task with them each. */
function expectOnce(
  cluster: Cluster,
  completed: number[],
  failed: DingError[],
  total: number,
): void {
  const begun = cluster.begun();
  expect(begun.length - new Set(begun).size).toBe(0); // no try of a task runs twice
  expect(new Set(completed).size).toBe(completed.length); // no result is reported twice
  expect(completed.length + failed.length).toBe(total); // every task has ended
  expect(failed.filter(({ code }) => code !== "worker.exited")).toEqual([]);
  expect(failed.length).toBeLessThanOrEqual(cluster.counts["kill worker"] ?? 0);
}

function report(what: string, seed: number, facts: object): void {
  console.error(`  ${what}: CHAOS_SEED=${seed} ${JSON.stringify(facts)}`);
}

test("submit over three slaves that are cut, stopped and killed: 300 tasks, each result once", async () => {
  const seed = chaosSeed();
  await using cluster = await Cluster.start(3, seed);
  const tasks = tasksOf(300, seed);
  const to = {
    slaves: cluster.addresses.map((address) => ({ address })),
    args: ["--retries", "100", "--log-level", "error"],
  };
  const since = performance.now();
  const submitted = submit(tasks, to, { runtime: "bun", timeoutMs: 90_000 });
  const weights: Record<Trouble, number> = {
    cut: 8,
    "kill slave": 2,
    "stop slave": 3,
    "kill worker": 3,
    "stop worker": 3,
  };
  await cluster.harass(submitted, weights, 1_000);
  const { lines, code, stderr } = await submitted;
  const seconds = ((performance.now() - since) / 1_000).toFixed(1);
  const attempts = lines.reduce((sum, line) => sum + line.attempts, 0);
  report("submit", seed, { seconds, attempts, ...cluster.counts });
  const done = lines.filter(({ status }) => status === "COMPLETED");
  const failed = lines.filter(({ status }) => status !== "COMPLETED");
  expect(lines.map(({ index }) => index)).toEqual(tasks.map(({ index }) => index));
  expect(done.every(({ index, result }) => result === index * index)).toBe(true);
  const errors = failed.map(({ error }) => error as unknown as DingError);
  expectOnce(
    cluster,
    done.map(({ index }) => index),
    errors,
    300,
  );
  expect([code, stderr]).toEqual([failed.length > 0 ? 6 : 0, expect.any(String)]);
  const idle = [0, 0, 0].map(() => ({ running: 0, queued: 0 }));
  expect(await cluster.stop()).toEqual({ codes: [0, 0, 0], left: idle });
}, 120_000);

/** One task of the job until it has come to an end that counts, and the slave that ran it. */
class Runner {
  readonly completed: number[] = [];
  readonly failed: DingError[] = [];
  lost = 0;

  async run(task: LedgerTask, connections: () => SlaveConnection[]): Promise<void> {
    const id = newId();
    for (let attempt = 1; ; attempt++) {
      const connection = await until(() => connections()[task.index % 3] ?? connections()[0], {
        timeoutMs: 30_000,
        what: "a slave",
      });
      const one = connection.newTask(task, { id, attempt });
      const ended = await this.#settle(one);
      if (ended) return;
    }
  }

  /** False when it must be tried again: lost, or refused by a full or restarted slave. */
  async #settle(task: Task): Promise<boolean> {
    task.onComplete((data, result) => {
      const { index } = data as LedgerTask;
      if (result !== index * index) throw new Error(`Wrong result of ${index}`);
      this.completed.push(index);
    });
    await task.start().catch(() => {});
    await task.join();
    if (task.status === "COMPLETED") return true;
    if (task.status === "FAILED") {
      this.failed.push(task.error as DingError);
      return true;
    }
    if (task.status === "LOST") this.lost += 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return false;
  }
}

/** Connects again and again to each slave, as long as the job runs. */
async function keepConnected(master: Master, port: number, isDone: () => boolean): Promise<void> {
  const connection = master.newConnection(`slave ${port}`, "127.0.0.1", port);
  while (!isDone()) {
    if (!connection.isConnected) await connection.connect().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("a master over three slaves that are silent for longer than it bears: 150 tasks, each result once", async () => {
  const seed = chaosSeed();
  await using cluster = await Cluster.start(3, seed, ["--resume-ms", "500"]);
  await using master = await startMaster({
    channel: CLUSTER_CHANNEL,
    heartbeatMs: 50,
    toleranceMs: 400,
    connectTimeoutMs: 1_000,
  });
  let isDone = false;
  const runner = new Runner();
  const kept = cluster.ports.map((port) => keepConnected(master, port, () => isDone));
  const since = performance.now();
  const done = Promise.all(
    tasksOf(150, seed).map((task) => runner.run(task, () => [...master.connections])),
  ).finally(() => (isDone = true));
  const weights: Record<Trouble, number> = {
    cut: 4,
    "kill slave": 1,
    "stop slave": 6,
    "kill worker": 2,
    "stop worker": 3,
  };
  await cluster.harass(done, weights, 1_200);
  await Promise.all([done, ...kept]);
  const seconds = ((performance.now() - since) / 1_000).toFixed(1);
  report("master", seed, { seconds, lost: runner.lost, ...cluster.counts });
  expectOnce(cluster, runner.completed, runner.failed, 150);
  await master.close();
  await until(async () => (await cluster.stop()).codes.every((code) => code === 0), {
    what: "the slaves to leave",
  });
}, 120_000);

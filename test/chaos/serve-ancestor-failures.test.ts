import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { Client } from "../../src/serve/client/client.ts";
import { signalIfThere } from "../support/signal-if-there.ts";
import { modelFixture, predict, startServe, type StartedServe } from "../support/serve.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const JOBS = modelFixture("jobs.ts");
const PATIENCE = { timeoutMs: 20_000 };

interface Worker {
  pid: number;
  state: string;
}

interface Status {
  models: { queuedRequests: number; queuedRows: number; restarts: number; workers: Worker[] }[];
}

async function statusOf({ url }: StartedServe): Promise<Status["models"][number]> {
  const { models } = (await (await fetch(`${url}/status`)).json()) as Status;
  return models[0] ?? { queuedRequests: -1, queuedRows: -1, restarts: -1, workers: [] };
}

/** Items that each take a while, and one that tells that it has begun. */
function busy(count: number, mark: string, waitMs = 10): unknown[] {
  return Array.from({ length: count }, (_, echo) => ({ echo, waitMs, mark }));
}

async function begun(mark: string, count = 1): Promise<void> {
  const lines = (): number => readFileSync(mark, "utf8").split("\n").length - 1;
  await until(() => lines() >= count, { ...PATIENCE, what: `${count} items that have begun` });
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "); // nobody has asked how it ended
  } catch {
    return true;
  }
}

test("the ancestor's failure 1: kill -9 of one of two busy workers with 40 items in the queue: all are answered, it is replaced, and the status tells the truth", async () => {
  await using folder = await tempFolder();
  const mark = await folder.write("mark", "");
  await using server = await startServe([JOBS, "--workers=2", "--batch-size=2"]);
  await using client = new Client({ ip: server.address });
  const asked = busy(40, mark).map((item) => client.encode(item));
  await begun(mark, 4);
  const [victim] = (await statusOf(server)).workers;
  process.kill(victim?.pid ?? 0, "SIGKILL");
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 40 }, (_, echo) => echo));
  await until(
    async () => {
      const { workers, queuedRequests, queuedRows, restarts } = await statusOf(server);
      const isWell = workers.every(({ pid, state }) => state === "idle" && pid !== victim?.pid);
      return isWell && workers.length === 2 && queuedRequests + queuedRows === 0 && restarts === 1;
    },
    { ...PATIENCE, what: "two idle workers and an empty queue" },
  );
  const runs = readFileSync(mark, "utf8").split("\n").length - 1;
  // What the dead one was at ran again, and nothing else.
  expect(runs).toBeGreaterThanOrEqual(40);
  expect(runs).toBeLessThanOrEqual(44);
});

test("the ancestor's failure 2: kill -9 of all workers, and again: requests, status and stop go on", async () => {
  await using server = await startServe([JOBS, "--workers=2", "--retries=5"]);
  await using client = new Client({ ip: server.address });
  for (let round = 0; round < 2; round++) {
    const asked = Array.from({ length: 20 }, (_, echo) => client.encode({ echo, waitMs: 5 }));
    for (const { pid } of (await statusOf(server)).workers) signalIfThere(pid, "SIGKILL");
    expect((await statusOf(server)).workers.length).toBeLessThanOrEqual(2);
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 20 }, (_, echo) => echo));
  }
  expect((await server.stop()).code).toBe(0);
});

test("the ancestor's failure 3: an item that ends its process, sent by several at once, fails each time alone", async () => {
  await using server = await startServe([JOBS, "--workers=2"]);
  const killers = [1, 2].map(() => predict(server.url, { exit: true }));
  const good = Array.from({ length: 20 }, (_, echo) => predict(server.url, { echo }));
  expect((await Promise.all(good)).map(({ body }) => body["output"])).toEqual([...good.keys()]);
  for (const { status, body } of await Promise.all(killers)) {
    expect([status, JSON.stringify(body)]).toEqual([
      500,
      expect.stringContaining("exited with code 3 while it had this item") as string,
    ]);
  }
  expect((await predict(server.url, { echo: "next" })).body).toEqual({ output: "next" });
  expect((await server.stop()).code).toBe(0);
});

test.each(["SIGTERM", "SIGHUP", "SIGKILL"] as const)(
  "the ancestor's failure 14: %s to the server leaves no process behind that is busy, idle or loading",
  async (signal) => {
    await using server = await startServe([JOBS, "--workers=3", "--drain-timeout-ms=300"]);
    const pids = (await statusOf(server)).workers.map(({ pid }) => pid);
    expect(pids).toHaveLength(3);
    // One that never gives the turn back has three seconds at the end, in vain: once is enough.
    const item = signal === "SIGHUP" ? { waitMs: 200 } : { spin: true };
    const asked = predict(server.url, item).catch(() => {});
    await until(
      async () => (await statusOf(server)).workers.some(({ state }) => state === "busy"),
      { ...PATIENCE, what: "a busy worker" },
    );
    process.kill(pids[2] ?? 0, "SIGSTOP");
    server.kill(signal);
    if (signal === "SIGHUP") {
      // It is no wish to end: the models are loaded again.
      await until(async () => (await statusOf(server)).workers.length === 3, PATIENCE);
      server.kill("SIGTERM");
    }
    signalIfThere(pids[2] ?? 0, "SIGCONT");
    await server.waitForExit(20_000);
    await asked;
    await until(() => pids.every(isGone), { ...PATIENCE, what: () => `${pids.join()} to be gone` });
  },
);

test("the ancestor's failures 15 and 16: a stop with work under way, by sessions and by HTTP, answers it first", async () => {
  await using folder = await tempFolder();
  const mark = await folder.write("mark", "");
  await using server = await startServe([JOBS, "--workers=1", "--batch-size=2"]);
  await using client = new Client({ ip: server.address });
  const bySession = busy(6, mark, 300).map((item) => client.encode(item));
  const byHttp = predict(server.url, { echo: "http", waitMs: 100 });
  const arrived = async (): Promise<number> => {
    const status = (await (await fetch(`${server.url}/status/server`)).json()) as {
      statistic: { num_total_request: number };
    };
    return status.statistic.num_total_request;
  };
  await until(async () => (await arrived()) === 7, { ...PATIENCE, what: "7 requests" });
  server.kill("SIGTERM");
  expect(await Promise.all(bySession)).toEqual([0, 1, 2, 3, 4, 5]);
  expect((await byHttp).body).toEqual({ output: "http" });
  await client.close();
  expect((await server.waitForExit(20_000)).code).toBe(0);
});

import { existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import type { SlaveConnection } from "../../../src/master/connection.ts";
import type { Master } from "../../../src/master/master.ts";
import type { Task } from "../../../src/master/task.ts";
import type { ResponseException } from "../../../src/protocol/response-exception.ts";
import {
  askStatus,
  connect,
  endOf,
  isAlive,
  startMaster,
  thrownBy,
} from "../../support/interaction.ts";
import { CHANNEL, startSlave, type StartedSlave } from "../../support/slave.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";
import type { Trick } from "./fixtures/tricks.ts";

const PLUGIN = `${import.meta.dir}/fixtures/tricks.ts`;
const WORKERS = 2;

let slave: StartedSlave;
let master: Master;
let connection: SlaveConnection;

beforeAll(async () => {
  const args = ["--concurrency", `${WORKERS}`, "--mode", "queue", "--cancel-grace-ms", "100"];
  slave = await startSlave(PLUGIN, args, { runtime: "bun" });
});

beforeEach(async () => {
  master = await startMaster({ channel: Number(CHANNEL) });
  connection = await connect(master, slave);
});

afterEach(() => master.close());

afterAll(async () => {
  const { code, stdout } = await slave.stop();
  await slave[Symbol.asyncDispose]();
  expect([code, stdout.split("\n").length]).toEqual([0, 2]); // the ready line, and nothing else
});

const task = (trick: Trick): Task => connection.newTask(trick);
const run = (trick: Trick): Promise<Task> => task(trick).start().join();

/** The processes of the workers that are there, in the order of their names. */
async function pids(): Promise<number[]> {
  const { workers } = await askStatus(slave);
  return workers.map(({ pid }) => pid);
}

/** The same, to compare. */
const sortedPids = async (): Promise<number[]> =>
  (await pids()).toSorted((one, other) => one - other);

/** Waits until every worker takes tasks again. */
function allReady(): Promise<unknown> {
  return until(
    async () => {
      const { workers, running } = await askStatus(slave);
      return running === 0 && workers.filter(({ state }) => state === "idle").length === WORKERS;
    },
    { timeoutMs: 15_000, what: "all workers to be idle" },
  );
}

test("tasks run in worker processes that are told who they are", async () => {
  const where = (await run({ do: "where" })).result as Record<string, unknown>;
  expect(await pids()).toContain(where["pid"] as number);
  expect(where["pid"]).not.toBe(slave.pid);
  expect(where).toMatchObject({ attempt: 1, channel: Number(CHANNEL) });
  expect(where["env"]).toBe(where["workerId"]);
});

const VALUES = [
  0,
  "",
  false,
  null,
  undefined,
  [],
  Number.NaN,
  new Float64Array([1.5]),
  new Uint8Array(3),
  { a: new Date(5) },
];

test.each(VALUES.map((value) => ({ name: Bun.inspect(value).replaceAll("\n", ""), value })))(
  "values cross through a worker unchanged: $name",
  async ({ value }) => {
    expect(endOf(await run({ do: "echo", value }))).toEqual(["COMPLETED", value]);
  },
);

const DEATHS: [how: string, trick: Trick, says: string][] = [
  ["exits", { do: "exit", value: 3 }, "The worker process exited with code 3"],
  ["exits with 0", { do: "exit", value: 0 }, "The worker process exited with code 0"],
  ["is killed", { do: "kill", signal: "SIGKILL" }, "The worker process was killed by SIGKILL"],
  [
    "breaks a segment",
    { do: "kill", signal: "SIGSEGV" },
    "The worker process was killed by SIGSEGV",
  ],
  ["throws in a timer", { do: "throw later" }, "The worker process exited with code 1"],
  ["rejects unheard", { do: "reject later" }, "The worker process exited with code 1"],
];

test.each(DEATHS)(
  "a worker that %s fails exactly its own task and is replaced",
  async (_how, trick, says) => {
    await allReady();
    const before = await pids();
    const neighbour = await task({ do: "wait for abort" }).start();
    const dead = await run(trick);
    expect(endOf(dead)).toEqual(["FAILED", undefined, says]);
    expect((dead.error as DingError).code).toBe("worker.exited");
    expect(neighbour.status).toBe("STARTED");
    expect((await run({ do: "echo", value: 1 })).status).toBe("COMPLETED");
    await neighbour.cancel();
    await allReady();
    const after = await pids();
    expect(after.filter((pid) => before.includes(pid)).length).toBe(1);
  },
);

test("the tasks that wait behind one that kills its worker are not touched, whatever waits where", async () => {
  await allReady();
  const tasks = Array.from({ length: 30 }, (_, value) =>
    task(value % 10 === 4 ? { do: "exit", value: 1 } : { do: "echo", value }),
  );
  await Promise.all(tasks.map((one) => one.start().join()));
  const expected = tasks.map((_, value) => (value % 10 === 4 ? "FAILED" : "COMPLETED"));
  expect(tasks.map(({ status }) => status)).toEqual(expected);
  expect((await askStatus(slave)).running).toBe(0);
});

test("tasks that are cancelled while others run in front of them never run", async () => {
  await using folder = await tempFolder();
  const file = folder.file("spun");
  const busy = await Promise.all([1, 2].map(() => task({ do: "wait for abort" }).start()));
  const waiting = await Promise.all([1, 2, 3, 4].map(() => task({ do: "spin", file }).start()));
  const last = await task({ do: "echo", value: "last" }).start();
  await Promise.all(waiting.map((one) => one.cancel()));
  await Promise.all(busy.map((one) => one.cancel()));
  expect(endOf(await last.join())).toEqual(["COMPLETED", "last"]);
  expect(waiting.map(({ status }) => status)).toEqual(Array(4).fill("CANCELLED"));
  expect(existsSync(file)).toBe(false);
});

test("cancel() ends a task that looks at its signal, and its worker lives on", async () => {
  await allReady();
  const before = await sortedPids();
  const waiting = await task({ do: "wait for abort" }).start();
  expect((await waiting.cancel()).status).toBe("CANCELLED");
  expect(await sortedPids()).toEqual(before);
});

test("cancel() ends a busy loop: its worker is killed and replaced without a wait", async () => {
  await allReady();
  const before = await pids();
  const busy = await task({ do: "spin" }).start();
  const since = performance.now();
  expect((await busy.cancel()).status).toBe("CANCELLED");
  expect(performance.now() - since).toBeGreaterThan(90);
  await allReady();
  expect((await pids()).filter((pid) => before.includes(pid)).length).toBe(1);
});

test("cancel() of a task that waits for a worker ends it at once", async () => {
  const busy = await Promise.all([1, 2].map(() => task({ do: "wait for abort" }).start()));
  const waiting = await task({ do: "echo", value: 1 }).start();
  expect((await askStatus(slave)).queued).toBe(1);
  expect((await waiting.cancel()).status).toBe("CANCELLED");
  await Promise.all(busy.map((one) => one.cancel()));
});

test("beforeTask runs in the worker that would execute, and its refusal is 602", async () => {
  const refused = (await thrownBy(task({ do: "refuse me" }).start())) as ResponseException;
  expect([refused.status, refused.code, refused.message]).toEqual([403, 602, "not in my house"]);
  expect(await pids()).toContain((refused.data as { pid: number }).pid);
  expect((await run({ do: "echo", value: 2 })).result).toBe(2);
});

test("connection hooks run in the first worker, also when it is a new one", async () => {
  await allReady();
  await connection.disconnect();
  const firstPid = async (): Promise<number | undefined> =>
    (await askStatus(slave)).workers.find(({ id }) => id === "w0")?.pid;
  const refusedBy = async (): Promise<number> => {
    master.beforeConnect = () => ({ refuse: true });
    const refused = (await thrownBy(connection.connect())) as ResponseException;
    expect([refused.code, refused.message]).toEqual([503, "Slave refused the connection."]);
    return (refused.data as { pid: number }).pid;
  };
  try {
    const before = await firstPid();
    expect(await refusedBy()).toBe(before as number);
    process.kill(before as number, "SIGKILL");
    await until(async () => (await firstPid()) !== before, { what: "the old worker to be gone" });
    await allReady();
    expect(await refusedBy()).toBe((await firstPid()) as number);
  } finally {
    master.beforeConnect = () => ({});
    await connection.connect();
  }
});

test("what a task prints goes to stderr: stdout is the command's own", async () => {
  expect((await run({ do: "print", value: "peekaboo" })).result).toBe("printed");
  await until(() => slave.stderr.includes("stdout: peekaboo"), { what: "the printed lines" });
  expect(slave.stderr).toContain("console: peekaboo");
  expect(slave.stdout).not.toContain("peekaboo");
});

test("progress in a loop that never gives the turn back arrives while it runs, bounded", async () => {
  const heard: number[] = [];
  const told = task({ do: "progress", count: 20_000 });
  told.onProgress((value) => heard.push(value as number));
  await told.start().join();
  expect(heard.at(-1)).toBe(19_999);
  expect(heard.length).toBeLessThan(1_000);
  expect(heard).toEqual(heard.toSorted((one, other) => one - other));
});

test("an error's stack stays in the slave's log", async () => {
  const failed = await run({ do: "throw", value: "out of reach" });
  expect(endOf(failed)).toEqual(["FAILED", undefined, "out of reach"]);
  expect((failed.error as DingError).details).toEqual({ name: "RangeError" });
  await until(() => slave.stderr.includes("out of reach"), { what: "the log line" });
  const line = slave.stderr.split("\n").find((text) => text.includes("out of reach"));
  expect(line).toContain("tricks.ts");
});

test("an error that is none, and a result beyond the limit, fail their task and not the worker", async () => {
  await allReady();
  const before = await sortedPids();
  expect((await run({ do: "fail badly" })).status).toBe("FAILED");
  const large = await run({ do: "large", count: 70_000_000 });
  expect(endOf(large)).toEqual(["FAILED", undefined, expect.stringContaining("the limit is")]);
  expect((await run({ do: "large", count: 60_000_000 })).status).toBe("COMPLETED");
  expect(await sortedPids()).toEqual(before);
});

test("a crash loop does not spin: the waits between new workers grow", async () => {
  await allReady();
  const before = slave.stderr.length;
  const crashes = Array.from({ length: 7 }, () => task({ do: "exit", value: 1 }));
  await Promise.all(crashes.map((one) => one.start().join()));
  expect(crashes.every(({ status }) => status === "FAILED")).toBe(true);
  const waits = await until(
    () => {
      const lines = slave.stderr.slice(before).matchAll(/"waitMs":([\d.]+)/g);
      const found = [...lines].map(([, text]) => Number(text));
      return found.length === 7 && found;
    },
    { what: "seven lines about new workers" },
  );
  // 50, 100, 200 … ms, each less up to a fifth by chance.
  // The two that were there before may have run for long: then each begins anew.
  const growing = waits.slice(waits.findLastIndex((wait) => wait <= 50));
  expect(growing.length).toBeGreaterThanOrEqual(6);
  expect(growing.slice(1).every((wait, index) => wait > (growing[index] ?? 0) * 1.5)).toBe(true);
  expect((await run({ do: "echo", value: 1 })).status).toBe("COMPLETED");
});

test("SIGKILL of the slave ends its workers too, even busy ones", async () => {
  await using doomed = await startSlave(PLUGIN, ["--concurrency", "2", "--mode", "queue"], {
    runtime: "bun",
  });
  const other = await connect(master, doomed, "doomed");
  await using folder = await tempFolder();
  const file = folder.file("spun");
  const busy = await other.newTask({ do: "spin", file }).start();
  const spinning = await until(() => readFileSync(file, "utf8").trim(), { what: "the busy loop" });
  const { workers } = await askStatus(doomed);
  const all = workers.map(({ pid }) => pid);
  expect(all).toContain(Number(spinning));
  const killed = performance.now();
  doomed.kill("SIGKILL");
  await busy.join();
  const lostMs = performance.now() - killed;
  expect(busy.status).toBe("LOST");
  console.error(`  a slave's SIGKILL was noticed in ${lostMs.toFixed(1)} ms`);
  expect(lostMs).toBeLessThan(1_000);
  await until(() => all.every((pid) => !isAlive(pid)), { what: "the workers to be gone" });
});

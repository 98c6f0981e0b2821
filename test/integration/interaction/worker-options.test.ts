import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import type { Task } from "../../../src/master/task.ts";
import type { SlaveTaskRefused } from "../../../src/protocol/slave-exceptions.ts";
import { askStatus, connect, endOf, startMaster, thrownBy } from "../../support/interaction.ts";
import { spawnDing } from "../../support/ding.ts";
import { freePort } from "../../support/free-port.ts";
import { CHANNEL, startSlave } from "../../support/slave.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const PLUGIN = `${import.meta.dir}/fixtures/tricks.ts`;
const channel = Number(CHANNEL);
const BUN = { runtime: "bun" } as const;

test("--task-timeout-ms ends a busy loop as TIMED_OUT, and the slave goes on", async () => {
  const args = ["--task-timeout-ms", "1000", "--cancel-grace-ms", "50", "--mode", "queue"];
  await using slave = await startSlave(PLUGIN, args, BUN);
  await using master = await startMaster({ channel });
  const connection = await connect(master, slave);
  const busy = connection.newTask({ do: "spin" });
  const next = connection.newTask({ do: "echo", value: "next" });
  await Promise.all([busy.start().join(), next.start().join()]);
  expect(endOf(busy)).toEqual(["TIMED_OUT", undefined, "The task ran longer than 1000 ms"]);
  expect(endOf(next)).toEqual(["COMPLETED", "next"]);
  expect((await askStatus(slave)).counts).toMatchObject({ timedOut: 1, completed: 1, failed: 0 });
});

test("--max-tasks-per-worker replaces a worker without failing anything", async () => {
  const args = ["--max-tasks-per-worker", "2", "--mode", "queue"];
  await using slave = await startSlave(PLUGIN, args, BUN);
  await using master = await startMaster({ channel });
  const connection = await connect(master, slave);
  const tasks = Array.from({ length: 5 }, () => connection.newTask({ do: "where" }));
  await Promise.all(tasks.map((task) => task.start().join()));
  const pids = tasks.map(({ result }) => (result as { pid: number }).pid);
  expect(tasks.every(({ status }) => status === "COMPLETED")).toBe(true);
  expect([pids[0] === pids[1], pids[2] === pids[3], new Set(pids).size]).toEqual([true, true, 3]);
});

test("one worker, many short tasks: those behind one that kills it run once, those cancelled never", async () => {
  await using folder = await tempFolder();
  const file = folder.file("notes");
  await using slave = await startSlave(PLUGIN, ["--mode", "queue", "--cancel-grace-ms", "50"], BUN);
  await using master = await startMaster({ channel });
  const connection = await connect(master, slave);
  const note = (value: number): Task => connection.newTask({ do: "note", file, value });
  // Short ones first: the slave learns that they are.
  await Promise.all(
    Array.from({ length: 200 }, (_, value) =>
      note(-1 - value)
        .start()
        .join(),
    ),
  );
  const tasks = Array.from({ length: 300 }, (_, value) =>
    value % 100 === 50 ? connection.newTask({ do: "exit", value: 1 }) : note(value),
  );
  const busy = connection.newTask({ do: "spin" });
  const behind = Array.from({ length: 20 }, (_, value) => note(1_000 + value));
  const ended = Promise.all([...tasks, busy, ...behind].map((task) => task.start().join()));
  await Promise.all(behind.slice(0, 10).map((task) => task.cancel()));
  await Promise.all(tasks.map((task) => task.join()));
  await busy.cancel();
  await ended;
  const statuses = tasks.map((_, value) => (value % 100 === 50 ? "FAILED" : "COMPLETED"));
  expect<string[]>(tasks.map(({ status }) => status)).toEqual(statuses);
  expect(busy.status).toBe("CANCELLED");
  expect<string[]>(behind.map(({ status }) => status)).toEqual([
    ...Array<string>(10).fill("CANCELLED"),
    ...Array<string>(10).fill("COMPLETED"),
  ]);
  const noted = readFileSync(file, "utf8").trim().split("\n").map(Number);
  const expected = tasks.map((_, value) => value).filter((value) => value % 100 !== 50);
  const last = Array.from({ length: 10 }, (_, value) => 1_010 + value);
  expect(noted.slice(200)).toEqual([...expected, ...last]);
});

const SLOW_PLUGIN = `
  await new Promise((resolve) => setTimeout(resolve, 700));
  export default { processTask: (task) => task, beforeConnection() {} };
`;

test("a master and its task that come before the plugin is loaded wait, and are served", async () => {
  await using folder = await tempFolder();
  const port = await freePort();
  const plugin = await folder.write("slow.ts", SLOW_PLUGIN);
  const words = ["slave", "--channel", CHANNEL, "--plugin", plugin, "--port", `${port}`, "--json"];
  await using slave = spawnDing(words);
  await using master = await startMaster({ channel, connectTimeoutMs: 200 });
  const connection = await until(() => connect(master, { port }).catch(() => undefined), {
    timeoutMs: 15_000,
    what: "a connection",
  });
  const task = connection.newTask("early");
  expect(endOf(await task.start().join())).toEqual(["COMPLETED", "early"]);
  await slave.ready();
});

const HOOKLESS_SLOW_PLUGIN = `
  import { existsSync } from "node:fs";
  while (!existsSync(process.env.GO_FILE)) await new Promise((resolve) => setTimeout(resolve, 10));
  export default { processTask: (task) => task, beforeTask() {} };
`;

test("a replaced worker that still loads keeps its tasks and hooks waiting, not failing", async () => {
  await using folder = await tempFolder();
  const go = await folder.write("go", "");
  const plugin = await folder.write("slow.ts", HOOKLESS_SLOW_PLUGIN);
  await using slave = await startSlave(plugin, ["--mode", "queue"], {
    ...BUN,
    env: { GO_FILE: go },
  });
  await using master = await startMaster({ channel });
  const connection = await connect(master, slave);
  const before = (await askStatus(slave)).workers[0]?.pid as number;
  await Bun.file(go).delete();
  process.kill(before, "SIGKILL");
  await until(async () => (await askStatus(slave)).workers[0]?.state === "starting", {
    what: "a worker that loads",
  });
  const task = connection.newTask("waits");
  const starting = task.start();
  await until(async () => (await askStatus(slave)).running === 1, { what: "the task" });
  expect(task.status).toBe("STARTING");
  await folder.write("go", "");
  await starting;
  expect(endOf(await task.join())).toEqual(["COMPLETED", "waits"]);
});

test("--isolate none runs tasks in the slave's own process, with the same hooks", async () => {
  await using slave = await startSlave(PLUGIN, ["--isolate", "none"], BUN);
  await using master = await startMaster({ channel });
  const connection = await connect(master, slave);
  expect((await connection.newTask({ do: "pid" }).start().join()).result).toBe(slave.pid);
  expect(
    await connection
      .newTask({ do: "refuse me" })
      .start()
      .catch((error: Error) => error.message),
  ).toBe("not in my house");
  expect((await askStatus(slave)).workers).toEqual([]);
});

const FORMS: [form: string, source: string][] = [
  [
    "a class",
    `import { Slave } from "ding"; import { z } from "zod";
     export default class extends Slave {
       schema = z.object({ n: z.number() });
       beforeTask(task) { if (task.n === 13) throw new Error("bad luck"); }
       processTask({ n }, ctx) { return [n * this.factor, this.channel === undefined, ctx.workerId]; }
       factor = 2;
     }`,
  ],
  [
    "an object",
    `import { defineSlave, TaskRefuse } from "ding"; import { z } from "zod";
     export default defineSlave({
       schema: z.object({ n: z.number() }),
       async beforeTask(task) { if (task.n === 13) throw new TaskRefuse(null, "bad luck"); },
       processTask: ({ n }, ctx) => [n * 2, false, ctx.workerId],
     });`,
  ],
  ["a function", `export default async ({ n }, ctx) => [n * 2, false, ctx.workerId];`],
];

test.each(FORMS)("%s as a plugin runs in a worker, checked as it says", async (form, source) => {
  await using folder = await tempFolder();
  const plugin = await folder.write("plugin.ts", source);
  await using slave = await startSlave(plugin, [], BUN);
  await using master = await startMaster({ channel });
  const connection = await connect(master, slave);
  expect(endOf(await connection.newTask({ n: 4 }).start().join())).toEqual([
    "COMPLETED",
    [8, false, "w0"],
  ]);
  if (form === "a function") return;
  const misfit = connection.newTask({ n: "four" });
  const refused = (await thrownBy(misfit.start())) as SlaveTaskRefused;
  expect([refused.code, refused.message]).toEqual([602, expect.stringContaining("task: n: ")]);
  expect(refused.data).toMatchObject({ faults: [{ path: "n" }] });
  const unlucky = (await thrownBy(connection.newTask({ n: 13 }).start())) as SlaveTaskRefused;
  expect([unlucky.code, unlucky.message]).toEqual([602, "bad luck"]);
});

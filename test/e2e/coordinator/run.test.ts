import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { ding, spawnDing } from "../../support/ding.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const CONFIG = join(import.meta.dir, "../fixtures/coordinator/run.ts");
const PATIENT = { timeoutMs: 90_000, everyMs: 50 };

interface Status {
  pid: number;
  envSteps: number;
  snapshots: { count: number };
  counters: { learnerStep: number; failures: number };
  workers: {
    id: string;
    role: string;
    state: string;
    pid: number;
    envSteps: number;
    taskId?: string;
  }[];
  tasks: Record<string, number>;
  openTasks: {
    id: string;
    kind: string;
    attempt: number;
    state: string;
    workerId: string | null;
  }[];
  policyVersions: Record<string, number>;
  buffers: {
    stats: Record<
      "inserted" | "size" | "evicted" | "exhausted" | "expired" | "deleted" | "lost",
      number
    >;
  }[];
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function statusOf(url: string): Promise<Status> {
  return (await (await fetch(`${url}/status`)).json()) as Status;
}

function lastLine(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
}

test("ding coordinator --local starts everything, survives the death of workers and its own, and ends with a line of JSON", async () => {
  await using folder = await tempFolder();
  const loaded = folder.file("loaded.txt");
  const env = { STOP_VALUE: "1000000", SNAPSHOT_INTERVAL: "0.2", TENSORS_LOADED: loaded };
  const run = ["coordinator", "--config", CONFIG, "--local", "2", "--port", "0", "--json"];
  const snapshots = async (at: string): Promise<number> => (await statusOf(at)).snapshots.count;
  let killed: Status;
  {
    await using first = spawnDing(run, { runtime: "binary", cwd: folder.path, env });
    const { url } = await first.ready(60_000);
    killed = await until(async () => {
      const status = await statusOf(url);
      return status.counters.learnerStep > 5 && status.envSteps > 0 && status;
    }, PATIENT);
    const saved = await snapshots(url);
    await until(async () => (await snapshots(url)) > saved + 1, PATIENT);
    await first.stop("SIGKILL");
  }
  await using first = spawnDing([...run, "--resume"], { runtime: "binary", cwd: folder.path, env });
  const { url, port } = await first.ready(60_000);
  const resumed = await statusOf(url);
  expect(resumed.envSteps).toBeGreaterThanOrEqual(killed.envSteps);
  expect(resumed.policyVersions).toHaveProperty(Object.keys(killed.policyVersions)[0] ?? "");
  for (const [policy, version] of Object.entries(killed.policyVersions)) {
    expect(resumed.policyVersions[policy]).toBeGreaterThanOrEqual(version);
  }
  const busy = (status: Status, role: string) =>
    status.workers.filter((one) => one.role === role && one.state === "busy" && one.taskId);
  const all = await until(async () => {
    const status = await statusOf(url);
    const isAll = busy(status, "collector").length === 2 && busy(status, "learner").length === 1;
    return isAll && status.counters.learnerStep > resumed.counters.learnerStep + 5 && status;
  }, PATIENT);
  // Who learns has a tensor library; the coordinator does not.
  const pids = readFileSync(loaded, "utf8").trim().split("\n").map(Number);
  expect(pids).toContain(busy(all, "learner")[0]?.pid ?? 0);
  expect(pids).not.toContain(all.pid);
  expect(pids).not.toContain(killed.pid);
  // A collector, and then the learner, are killed: others do their tasks.
  for (const role of ["collector", "learner"]) {
    const [victim] = busy(all, role);
    const task = all.openTasks.find(
      ({ workerId, kind }) => workerId === victim?.id && kind === role,
    );
    process.kill(victim?.pid ?? 0, "SIGKILL");
    await until(async () => {
      const { openTasks, workers } = await statusOf(url);
      const now = openTasks.find(({ id }) => id === task?.id);
      const isAgain = now && now.attempt > (task?.attempt ?? 0) && now.state === "running";
      // What is told is the process that does it now.
      const { pid = 0 } = workers.find(({ id }) => isAgain && id === now.workerId) ?? {};
      return pid > 0 && pid !== victim?.pid && isThere(pid);
    }, PATIENT);
  }
  const before = await statusOf(url);
  expect(before.tasks["running"]).toBeLessThanOrEqual(4);
  const { inserted, size, evicted, exhausted, expired, deleted, lost } =
    before.buffers[0]?.stats ?? ({} as never);
  expect(inserted).toBe(size + evicted + exhausted + expired + deleted + lost);
  await until(
    async () => (await statusOf(url)).counters.learnerStep > before.counters.learnerStep + 5,
    PATIENT,
  );

  const where = ["--port", `${port}`, "--json"];
  const asked = async (...words: string[]): Promise<Status> => {
    const result = await ding(["coordinator", ...words, ...where], { runtime: "binary" });
    expect(result.stderr).toBe("");
    return JSON.parse(result.stdout) as Status;
  };
  await asked("add", "--local", "1");
  await until(async () => busy(await statusOf(url), "collector").length === 3, PATIENT);
  const ids = busy(await statusOf(url), "collector").map(({ id }) => id);
  await asked("drain", ids[1] ?? "");
  await asked("remove", ids[2] ?? "");
  await until(async () => {
    const status = await asked("status");
    return (
      busy(status, "collector").length === 1 && !status.workers.some(({ id }) => id === ids[2])
    );
  }, PATIENT);
  await asked("stop");
  const { code, stdout } = await first.waitForExit(60_000);
  expect(code).toBe(0);
  const stopped = lastLine(stdout);
  expect(stopped).toMatchObject({ reached: false });
  expect(readdirSync(folder.file("line/log")).some((name) => name.endsWith(".log"))).toBe(true);

  // It goes on where it was, and reaches what is wanted now.
  const again = await ding([...run, "--resume"], {
    runtime: "binary",
    cwd: folder.path,
    env: { STOP_VALUE: "30" },
    timeoutMs: 90_000,
  });
  expect(again.code).toBe(0);
  const ended = lastLine(again.stdout);
  expect(Object.keys(ended).toSorted()).toEqual(
    [
      "reached",
      "return",
      "episodes",
      "seconds",
      "envSteps",
      "workers",
      "policyVersions",
    ].toSorted(),
  );
  expect(ended["reached"]).toBe(true);
  expect(ended["return"]).toBeGreaterThanOrEqual(30);
  expect(ended["envSteps"]).toBeGreaterThanOrEqual(stopped["envSteps"] as number);
  const [version] = Object.values(ended["policyVersions"] as Record<string, number>);
  const [older] = Object.values(stopped["policyVersions"] as Record<string, number>);
  expect(version ?? 0).toBeGreaterThanOrEqual(older ?? Infinity);
  const workers = ended["workers"] as Status["workers"];
  expect(workers.filter(({ role }) => role === "collector").length).toBeGreaterThanOrEqual(2);
  // Nothing half is left.
  const left = readdirSync(folder.file("line/state"), { recursive: true }).map(String);
  expect(left.filter((name) => name.endsWith(".draft"))).toEqual([]);
  expect(existsSync(folder.file("line/state/state.ding"))).toBe(true);
}, 240_000);

test.each([
  ["an unknown key", { colector: {} }, "main.colector"],
  ["space 0", { commander: { collectorTaskSpace: 0 } }, "main.commander.collectorTaskSpace"],
  [
    "an impossible limiter",
    {
      replay: {
        tables: [
          {
            name: "t",
            maxSize: 9,
            limiter: { samplesPerInsert: 9, minSizeToSample: 1, minDiff: 8, maxDiff: 9 },
          },
        ],
      },
    },
    "main.replay.tables[0].limiter",
  ],
])(
  "ding coordinator with %s in its configuration ends with 2 and the path of the fault",
  async (_, change, path) => {
    await using folder = await tempFolder();
    await folder.write("worker.ts", "export default {};\n");
    const worker = { plugin: "./worker.ts" };
    const replay = { tables: [{ name: "t", maxSize: 9 }] };
    const main = { exp_name: "x", collector: worker, learner: worker, replay, ...change };
    const config = await folder.write("run.json", { main });
    const { code, stdout, stderr } = await ding(
      ["coordinator", "--config", config, "--port", "0"],
      {
        cwd: folder.path,
      },
    );
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(path);
    expect(existsSync(folder.file("x"))).toBe(false);
  },
);

test("a local worker whose code does not load ends the run, with what to look at", async () => {
  await using folder = await tempFolder();
  await folder.write("worker.ts", "export default 7;\n");
  const worker = { plugin: "./worker.ts" };
  const replay = { tables: [{ name: "t", maxSize: 9 }] };
  const main = { exp_name: "x", collector: worker, learner: worker, replay };
  const config = await folder.write("run.json", { main });
  const { code, stderr } = await ding(
    ["coordinator", "--config", config, "--port", "0", "--local", "1"],
    { cwd: folder.path, timeoutMs: 100_000 },
  );
  expect(code).toBe(6);
  expect(stderr).toContain("Cannot keep local-");
  expect(stderr).toContain("Cannot use plugin");
  expect(
    readFileSync(
      join(
        folder.path,
        "x/log",
        readdirSync(folder.file("x/log")).find((name) => name.endsWith(".log")) ?? "",
      ),
      "utf8",
    ),
  ).toContain("is started again");
});

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "bun:test";
import type { Task } from "../../../src/master/task.ts";
import { connect, startMaster } from "../../support/interaction.ts";
import { CHANNEL, startSlave } from "../../support/slave.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";
import type { ShortTask } from "./fixtures/short-tasks.ts";

const PLUGIN = `${import.meta.dir}/fixtures/short-tasks.ts`;

/** What a test does while its tasks run; `hasBegun` says which have. */
type Meanwhile = (tasks: Task[], hasBegun: (index: number) => boolean) => Promise<void>;

/** Runs the tasks all at once in one worker; gives them and how often each has begun, by index. */
async function runAll(
  kinds: readonly ShortTask["do"][],
  { args = [], meanwhile }: { args?: string[]; meanwhile?: Meanwhile } = {},
): Promise<{ tasks: Task[]; begun: number[] }> {
  await using folder = await tempFolder();
  const file = folder.file("begun");
  writeFileSync(file, "");
  await using slave = await startSlave(PLUGIN, ["--mode", "queue", ...args], { runtime: "bun" });
  await using master = await startMaster({ channel: Number(CHANNEL) });
  const connection = await connect(master, slave);
  // Some that are surely short: from then on tasks lie ready in the worker.
  for (const index of [-1, -2, -3]) {
    await connection.newTask({ index, do: "answer", file }).start().join();
  }
  const tasks = kinds.map((what, index) => connection.newTask({ index, do: what, file }));
  const ends = tasks.map((task) =>
    task
      .start()
      .catch(() => {})
      .then(() => task.join()),
  );
  const begins = (index: number): number =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line === String(index)).length;
  await meanwhile?.(tasks, (index) => begins(index) > 0);
  await Promise.all(ends);
  return { tasks, begun: kinds.map((_, index) => begins(index)) };
}

const statusOf = (tasks: readonly Task[]): string[] => tasks.map(({ status }) => status);

test("a worker that dies among short tasks fails the one it was at; each of them begins once", async () => {
  const kinds = Array.from({ length: 120 }, (_, index): ShortTask["do"] =>
    index % 40 === 17 ? "die" : index % 7 === 3 ? "answer large" : "answer",
  );
  const { tasks, begun } = await runAll(kinds);
  expect(begun).toEqual(kinds.map(() => 1));
  expect(statusOf(tasks)).toEqual(kinds.map((kind) => (kind === "die" ? "FAILED" : "COMPLETED")));
  const results = tasks.map(({ result }) => (result instanceof Uint8Array ? result[0] : result));
  expect(results).toEqual(kinds.map((kind, index) => (kind === "die" ? undefined : index)));
}, 30_000);

test("a task that spins among short ones is ended by its timeout; the others run, each once", async () => {
  const kinds = Array.from({ length: 40 }, (_, index): ShortTask["do"] =>
    index % 13 === 5 ? "spin" : "answer",
  );
  const { tasks, begun } = await runAll(kinds, {
    args: ["--task-timeout-ms", "1000", "--cancel-grace-ms", "0"],
  });
  expect(begun).toEqual(kinds.map(() => 1));
  expect(statusOf(tasks)).toEqual(
    kinds.map((kind) => (kind === "spin" ? "TIMED_OUT" : "COMPLETED")),
  );
}, 30_000);

test("cancel() among short tasks ends that one, at once also behind one that spins", async () => {
  const kinds: ShortTask["do"][] = ["answer", "spin", "answer", "wait", "answer"];
  let waitedMs = Infinity;
  const { tasks, begun } = await runAll(kinds, {
    args: ["--cancel-grace-ms", "2000"],
    async meanwhile([, spinning, , waiting], hasBegun) {
      await until(() => hasBegun(1), { what: "the task that spins" });
      const startedMs = performance.now();
      await waiting?.cancel();
      waitedMs = performance.now() - startedMs;
      await spinning?.cancel();
    },
  });
  expect(statusOf(tasks)).toEqual([
    "COMPLETED",
    "CANCELLED",
    "COMPLETED",
    "CANCELLED",
    "COMPLETED",
  ]);
  expect(waitedMs).toBeLessThan(1_500); // of the grace that one which spins has
  expect(begun).toEqual([1, 1, 1, 0, 1]);
}, 30_000);

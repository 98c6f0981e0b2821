import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ding, ROOT } from "../support/ding.ts";
import { onEachRuntime } from "../support/each-runtime.ts";
import { JOBS, startSlave, statusOf } from "../support/slave.ts";
import { parseLines, spawnSubmit, submit } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
};

onEachRuntime([
  {
    name: "a plugin far from any checkout imports ding and zod, in workers and without",
    async run(runtime) {
      await using folder = await tempFolder();
      const plugin = await folder.write(
        "my.ts",
        `import { defineSlave, TaskFail, VERSION } from "ding";
        import { z } from "zod";
        export default defineSlave({
          schema: z.object({ n: z.int() }),
          processTask({ n }) { if (n < 0) throw new TaskFail({ n }); return { n, VERSION }; },
        });`,
      );
      for (const isolate of ["process", "none"]) {
        await using slave = await startSlave(plugin, ["--isolate", isolate], { runtime });
        const to = { slaves: [slave], args: ["--retries=0"] };
        const { lines, code } = await submit([{ n: 1 }, { n: -1 }, { n: "x" }], to, { runtime });
        expect(lines).toMatchObject([
          { status: "COMPLETED", result: { n: 1, VERSION: version } },
          { status: "FAILED", result: { n: -1 } },
          { status: "START_FAILED", error: { message: expect.stringContaining("n: ") } },
        ]);
        expect(code).toBe(6);
      }
    },
  },
  {
    name: "a plugin with a syntax error is shown with file, line, column and the line",
    async run(runtime) {
      await using folder = await tempFolder();
      const plugin = await folder.write("my.ts", "const good = 1;\nexport default (task => ;\n");
      const words = ["slave", "--plugin", plugin, "--port", "0", "--json"];
      const { code, stdout, stderr } = await ding(words, { runtime });
      expect(stderr).toMatch(/my\.ts:2:\d+/);
      expect(stderr).toContain("2 | export default (task => ;");
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    },
  },
  {
    name: "a task that never returns is timed out, and the next one runs",
    async run(runtime) {
      const limits = ["--task-timeout-ms=2000", "--cancel-grace-ms=100"];
      await using slave = await startSlave(JOBS, limits, { runtime });
      const tasks = [{ spin: true }, { add: [1, 2] }];
      const { code, lines } = await submit(tasks, { slaves: [slave] }, { runtime });
      expect(lines).toMatchObject([
        { status: "TIMED_OUT", error: { code: "task.timed-out" } },
        { status: "COMPLETED", result: { sum: 3 } },
      ]);
      expect(code).toBe(6);
    },
  },
  {
    name: "SIGTERM lets a slave finish its task; a second one ends it at once with all its workers",
    async run(runtime) {
      await using folder = await tempFolder();
      const file = await folder.write("task.json", { gate: folder.file("gate") });
      await using slave = await startSlave(JOBS, [], { runtime });
      await using master = spawnSubmit(file, { slaves: [slave] }, { runtime });
      await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
      slave.kill("SIGTERM");
      await until(() => slave.stderr.includes("is stopping"), { what: "a slave that drains" });
      await folder.write("gate", "open");
      expect((await slave.waitForExit()).code).toBe(0);
      expect((await master.waitForExit()).code).toBe(0);

      const busy = await folder.write("busy.json", { spin: true });
      await using other = await startSlave(JOBS, [], { runtime });
      await using another = spawnSubmit(
        busy,
        { slaves: [other], args: ["--retries=0"] },
        { runtime },
      );
      await until(async () => (await statusOf(other)).running === 1, { what: "a busy task" });
      other.kill("SIGTERM");
      await until(() => other.stderr.includes("is stopping"), { what: "a slave that drains" });
      expect((await other.insist("SIGTERM", 20_000)).code).toBe(143);
      expect((await another.waitForExit()).code).toBe(6);
    },
  },
  {
    name: "kill -9 of a slave leaves no busy worker behind",
    omit: { deno: "it cannot end a child whose task never gives the turn back" },
    async run(runtime) {
      await using folder = await tempFolder();
      const file = await folder.write("task.json", { spin: true });
      await using slave = await startSlave(JOBS, [], { runtime });
      await using master = spawnSubmit(
        file,
        { slaves: [slave], args: ["--retries=0"] },
        { runtime },
      );
      await until(async () => (await statusOf(slave)).running === 1, { what: "a busy task" });
      const { workers } = await statusOf(slave);
      slave.kill("SIGKILL");
      await until(() => workers.every(({ pid }) => !isAlive(pid)), {
        what: "the end of the worker",
      });
      const { code, stdout } = await master.waitForExit();
      expect(parseLines(stdout)).toMatchObject([{ status: "LOST", attempts: 1 }]);
      expect(code).toBe(6);
    },
  },
]);

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

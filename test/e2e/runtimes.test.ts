import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ding, ROOT, RUNTIMES, spawnDing, type Runtime } from "../support/ding.ts";
import { freePort } from "../support/free-port.ts";
import { JOBS, startSlave, statusOf } from "../support/slave.ts";
import { parseLines, spawnSubmit, submit } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

/** One thing that users do, and the runtimes on which it cannot be done, with the reason. */
interface Row {
  name: string;
  run(runtime: Runtime): Promise<void>;
  omit?: Partial<Record<Runtime, string>>;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
};

const ROWS: Row[] = [
  {
    name: "--version prints the version and nothing else",
    async run(runtime) {
      for (const flag of ["--version", "-v"]) {
        const { code, stdout, stderr } = await ding([flag], { runtime });
        expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
      }
    },
  },
  {
    name: "--help names every command, and that of a command begins with examples",
    async run(runtime) {
      const all = await ding(["--help"], { runtime });
      expect(all.stdout).toMatch(/^Examples:\n/);
      for (const word of ["slave", "master", "--help", "--version"])
        expect(all.stdout).toContain(word);
      const { code, stdout, stderr } = await ding(["master", "submit", "--help"], { runtime });
      expect(stdout).toMatch(/^Examples:\n {2}ding master submit task\.json\n/);
      expect(stdout).toContain("Usage: ding master submit FILE [OPTIONS]");
      expect(stdout).toContain("DING_MASTER_RETRIES");
      expect({ code, stderr, all: all.code }).toEqual({ code: 0, stderr: "", all: 0 });
    },
  },
  {
    name: "an unknown flag ends with 2 and the nearest name",
    async run(runtime) {
      const { code, stdout, stderr } = await ding(["slave", "--chanel", "1"], { runtime });
      expect(stderr).toBe('ding: Cannot use --chanel: no such option\nDid you mean "--channel"?\n');
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    },
  },
  {
    name: "an unknown command ends with 2 and the nearest name",
    async run(runtime) {
      const { code, stdout, stderr } = await ding(["slve"], { runtime });
      expect(stderr).toBe('ding: Cannot run "ding slve": no such command\nDid you mean "slave"?\n');
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    },
  },
  {
    name: "ding slave tells that it is ready, live and ready, in text and in JSON",
    async run(runtime) {
      await using slave = await startSlave(JOBS, ["--name", "n1"], { runtime });
      const { port, pid } = slave;
      expect(slave.facts).toEqual({
        ready: true,
        role: "slave",
        address: `127.0.0.1:${port}`,
        url: `http://127.0.0.1:${port}`,
        plugin: JOBS,
        channel: 233,
        mode: "refuse",
        concurrency: 1,
        isolate: "process",
        pid,
      });
      const live = await fetch(`${slave.url}/health/live`);
      expect([live.status, await live.json()]).toEqual([200, { live: true }]);
      const ready = await fetch(`${slave.url}/health/ready`);
      expect([ready.status, await ready.json()]).toEqual([200, { ready: true }]);
      const metrics = await fetch(`${slave.url}/metrics`);
      expect(await metrics.text()).toMatch(/^# (?:HELP|TYPE) ding_/m);
      const { code, stdout } = await slave.stop();
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${slave.line}\n` });
      await using other = spawnDing(["slave", "--plugin", JOBS, "--port", "0"], { runtime });
      expect((await other.ready()).line).toMatch(/^slave ready on 127\.0\.0\.1:\d+ url=http:\/\//);
      expect((await other.stop()).stdout).toBe("");
    },
  },
  {
    name: "ding master submit runs one task, several, and failing ones",
    async run(runtime) {
      await using slave = await startSlave(JOBS, [], { runtime });
      const to = { slaves: [slave] };
      const one = await submit([{ add: [2, 3] }], to, { runtime });
      expect(one.lines).toEqual([
        {
          index: 0,
          id: expect.stringMatching(UUID),
          status: "COMPLETED",
          result: { sum: 5 },
          slave: slave.address,
          attempts: 1,
          ms: expect.any(Number),
        },
      ]);
      expect(one.code).toBe(0);
      const values = [0, "", [], false, null, { deep: [1.5, "ü"] }];
      const several = await submit(
        values.map((echo) => ({ echo })),
        to,
        { runtime },
      );
      expect(several.lines.map((line) => line.result)).toEqual(values);
      expect(several.code).toBe(0);
      const failing = await submit([{ fail: "no luck" }, { throw: "bad range" }], to, { runtime });
      expect(failing.lines).toMatchObject([
        { status: "FAILED", result: { because: "no luck" }, error: { message: "no luck" } },
        { status: "FAILED", result: null, error: { code: "task.failed", message: "bad range" } },
      ]);
      expect(failing.code).toBe(6);
      expect(slave.stderr).toContain("RangeError: bad range"); // the stack, for the operator
    },
  },
  {
    name: "ding master ping and status reach a slave",
    async run(runtime) {
      await using slave = await startSlave(JOBS, [], { runtime });
      const ping = await ding(["master", "ping", "--slave", slave.address], { runtime });
      expect(ping.stdout).toMatch(new RegExp(`^${slave.address} +alive +slave +channel 233 `));
      const status = await ding(["master", "status", "-s", slave.address, "--json"], { runtime });
      expect(JSON.parse(status.stdout)).toMatchObject({
        slave: slave.address,
        state: "running",
        channel: 233,
        version,
      });
      expect([ping.code, ping.stderr, status.code, status.stderr]).toEqual([0, "", 0, ""]);
    },
  },
  {
    name: "ding master submit to a slave that is not there ends with 5 within the connect timeout",
    async run(runtime) {
      await using folder = await tempFolder();
      const file = await folder.write("task.json", { add: [1, 1] });
      const slave = `127.0.0.1:${await freePort()}`;
      const startedMs = performance.now();
      const { code, stdout, stderr } = await ding(
        ["master", "submit", file, "--slave", slave, "--connect-timeout-ms", "500"],
        { runtime },
      );
      expect(performance.now() - startedMs).toBeLessThan(3_000);
      expect(stderr).toContain("Cannot run tasks: no slave is reachable within 500 ms");
      expect(stderr).toContain("connection refused");
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
    },
  },
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
      await using slave = await startSlave(JOBS, ["--cancel-grace-ms=100"], { runtime });
      const to = { slaves: [slave], args: ["--timeout-ms", "1000"] };
      const { code, lines } = await submit([{ spin: true }, { add: [1, 2] }], to, { runtime });
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
      const file = await folder.write("task.json", { waitMs: 500 });
      await using slave = await startSlave(JOBS, [], { runtime });
      await using master = spawnSubmit(file, { slaves: [slave] }, { runtime });
      await until(async () => (await statusOf(slave)).running === 1, { what: "a running task" });
      expect((await slave.stop("SIGTERM")).code).toBe(0);
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
      expect((await other.stop("SIGTERM", 2_000)).code).toBe(143);
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
];

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

for (const runtime of RUNTIMES) {
  for (const { name, run, omit } of ROWS) {
    const reason = omit?.[runtime];
    if (reason === undefined) test(`${runtime}: ${name}`, () => run(runtime));
    else console.log(`Omitted on ${runtime}: ${name}: ${reason}`);
  }
}

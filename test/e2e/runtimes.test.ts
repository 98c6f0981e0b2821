import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ding, ROOT, spawnDing, type RunResult } from "../support/ding.ts";
import { onEachRuntime } from "../support/each-runtime.ts";
import { freePort } from "../support/free-port.ts";
import { JOBS, startSlave } from "../support/slave.ts";
import { submit } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
};

onEachRuntime([
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
      // The stack, for the operator.
      await until(() => slave.stderr.includes("RangeError: bad range"), { what: "the stack" });
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
      const run = async (timeoutMs: number): Promise<RunResult & { tookMs: number }> => {
        const startedMs = performance.now();
        const words = ["master", "submit", file, "--slave", slave];
        const timeout = ["--connect-timeout-ms", `${timeoutMs}`];
        const result = await ding([...words, ...timeout], { runtime });
        return { ...result, tookMs: performance.now() - startedMs };
      };
      const { code, stdout, stderr, tookMs } = await run(500);
      // Less than by default, whatever it takes here to start and to end.
      expect(tookMs - (await run(1)).tookMs).toBeLessThan(4_500);
      expect(stderr).toContain("Cannot run tasks: no slave is reachable within 500 ms");
      expect(stderr).toContain("connection refused");
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
    },
  },
]);

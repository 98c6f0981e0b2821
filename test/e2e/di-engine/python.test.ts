import { afterAll, beforeAll, describe, expect } from "bun:test";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pythonDing, type PythonDing } from "../../../scripts/test-services/python-ding.ts";
import { within } from "../../../src/core/wait.ts";
import { Master } from "../../../src/master/master.ts";
import { TaskStatus } from "../../../src/master/task-status.ts";
import {
  SlaveChannelInvalid,
  SlaveSlaveAlreadyConnected,
  SlaveSlaveConnectionRefused,
  SlaveTaskAlreadyExist,
  SlaveTaskRefused,
} from "../../../src/protocol/slave-exceptions.ts";
import { freePort } from "../../support/free-port.ts";
import { testNeeding } from "../../support/needs.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { SummingSlave } from "../../integration/di-engine/summing-slave.ts";

const CHANNEL = 233;
const python: PythonDing = await pythonDing();
const missing = "skipped" in python ? python.skipped : undefined;
const pythonTest = testNeeding(missing);

describe("a Python DI-engine 0.5.3", () => {
  pythonTest(
    "Master drives our slave: tasks, failures, refusals, heartbeats, reconnects",
    async () => {
      await using slave = new SummingSlave({
        port: 0,
        channel: CHANNEL,
        heartbeatMs: 100,
        toleranceMs: 3_000,
      });
      await slave.start();
      const answer = await runPython("drive_slave.py", [slave.port, await freePort(), CHANNEL]);
      const seen = JSON.parse(answer) as Record<string, unknown>;
      expect(seen).toEqual({
        ping: true,
        connected: [true, true, true],
        "connect twice": { name: "SlaveSlaveAlreadyConnected", status: 400, code: 501, data: null },
        sum: ["COMPLETED", { sum: 5 }, [[{ a: 2, b: 3 }, { sum: 5 }]]],
        fail: ["FAILED", { message: "ab not found" }, ["failed"]],
        throw: ["FAILED", { code: "task.failed", message: "out of cheese" }],
        values: [0, "", [], false, null, { x: [1.5, null] }, "é€😀"],
        strange: ["nan", "inf", "-inf"],
        refused: {
          name: "SlaveTaskRefused",
          status: 403,
          code: 602,
          data: { why: "no thanks" },
        },
        busy: { name: "SlaveTaskAlreadyExist", status: 400, code: 601, data: null },
        slow: "COMPLETED",
        "after idle": { sum: 2 },
        disconnected: [false, false],
        again: { sum: 9 },
        channel: { name: "SlaveChannelInvalid", status: 403, code: 202, data: null },
      });
      expect(new Set(slave.ran).size).toBe(slave.ran.length);
    },
    120_000,
  );

  describe("Slave", () => {
    let port = 0;
    let stop = async (): Promise<void> => {};
    beforeAll(async () => {
      if (missing !== undefined) return;
      ({ port, stop } = await startPythonSlave());
    });
    afterAll(() => stop());

    pythonTest(
      "is driven by our master: the dialect is found out, results come by callback",
      async () => {
        await using master = await new Master({ channel: CHANNEL, port: 0 }).start();
        expect(await master.ping()).toBe(true);
        await using conn = master.newConnection("conn", "127.0.0.1", port);
        await conn.connect();
        expect([conn.isConnected, master.has("conn"), master.get("conn") === conn]).toEqual([
          true,
          true,
          true,
        ]);
        const heard: unknown[] = [];
        const task = conn
          .newTask({ a: 2, b: 3 })
          .onComplete((data, result) => heard.push([data, result]));
        await task.start().join();
        expect([task.status, task.result]).toEqual([TaskStatus.COMPLETED, { sum: 5 }]);
        expect(heard).toEqual([[{ a: 2, b: 3 }, { sum: 5 }]]);
        const failed = await conn.newTask({ a: 2, bb: 3 }).start().join();
        expect([failed.status, failed.result]).toEqual([
          TaskStatus.FAILED,
          { message: "ab not found" },
        ]);
        const echoed = await conn
          .newTask({ echo: [Number.NaN, Infinity, "é"] })
          .start()
          .join();
        expect(echoed.result).toEqual([Number.NaN, Infinity, "é"]);
      },
      120_000,
    );

    pythonTest(
      "refuses our master with the ancestor's exceptions",
      async () => {
        await using master = await new Master({ channel: CHANNEL, port: 0 }).start();
        const conn = master.newConnection("conn", "127.0.0.1", port);
        await conn.connect();
        const second = master.newConnection("second", "127.0.0.1", port);
        expect(await thrownBy(second.connect())).toBeInstanceOf(SlaveSlaveAlreadyConnected);
        const refused = await conn
          .newTask({ refuse: "no" })
          .start()
          .catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(SlaveTaskRefused);
        expect((refused as SlaveTaskRefused).data).toEqual({ why: "no" });
        const slow = conn.newTask({ sleep: 1.5, a: 1, b: 1 });
        await slow.start();
        const busy = conn.newTask({ a: 1, b: 1 });
        expect(await busy.start().catch((error: unknown) => error)).toBeInstanceOf(
          SlaveTaskAlreadyExist,
        );
        expect(busy.status).toBe(TaskStatus.START_FAILED);
        expect((await slow.join()).result).toEqual({ sum: 2 });
        await conn.disconnect();

        await using other = await new Master({ channel: CHANNEL + 1, port: 0 }).start();
        const wrong = await other
          .newConnection("conn", "127.0.0.1", port)
          .connect()
          .catch((error: unknown) => error);
        expect(wrong).toBeInstanceOf(SlaveChannelInvalid);
        expect((wrong as SlaveChannelInvalid).status).toBe(403);
        expect(other.has("conn")).toBe(false);

        class Secretive extends Master {
          override beforeConnect(): unknown {
            return { secret: "wrong" };
          }
        }
        await using secretive = await new Secretive({ channel: CHANNEL, port: 0 }).start();
        const refusal = await secretive
          .newConnection("conn", "127.0.0.1", port)
          .connect()
          .catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(SlaveSlaveConnectionRefused);
        expect((refusal as SlaveSlaveConnectionRefused).data).toEqual({ why: "wrong secret" });
      },
      120_000,
    );

    pythonTest(
      "that dies is noticed after the tolerance: its task is LOST, the connection gone",
      async () => {
        await using victim = await startPythonSlave();
        await using master = await new Master({
          channel: CHANNEL,
          port: 0,
          toleranceMs: 600,
        }).start();
        const conn = master.newConnection("conn", "127.0.0.1", victim.port);
        await conn.connect();
        const task = conn.newTask({ sleep: 60 });
        await task.start();
        await victim.stop();
        await task.join({ timeoutMs: 30_000 });
        expect(task.status).toBe(TaskStatus.LOST);
        expect([conn.isConnected, master.has("conn")]).toEqual([false, false]);
      },
      120_000,
    );
  });
});

async function runPython(file: string, args: (string | number)[]): Promise<string> {
  if ("skipped" in python) throw new Error(python.skipped);
  const child = spawn(python.python, [join(import.meta.dir, file), ...args.map(String)], {
    env: { ...process.env, ...python.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${file} ended with ${String(code)}: ${stderr}\n${stdout}`);
  return stdout.trim().split("\n").at(-1) ?? "";
}

interface PythonSlave extends AsyncDisposable {
  port: number;
  stop: () => Promise<void>;
}

const START_TIMEOUT_MS = 40_000;

/** The original pings its own port until it answers, for ever when somebody else has taken that: then it gets another. */
async function startPythonSlave(tries = 3): Promise<PythonSlave> {
  const port = await freePort();
  const slave = spawnPythonSlave(port);
  try {
    await within(slave.ready, START_TIMEOUT_MS, "the Python slave");
    return { port, stop: slave.stop, [Symbol.asyncDispose]: slave.stop };
  } catch (error) {
    await slave.stop();
    if (tries <= 1) throw error;
    return startPythonSlave(tries - 1);
  }
}

function spawnPythonSlave(port: number): { ready: Promise<void>; stop: () => Promise<void> } {
  if ("skipped" in python) throw new Error(python.skipped);
  const child = spawn(
    python.python,
    [join(import.meta.dir, "python_slave.py"), String(port), String(CHANNEL)],
    { env: { ...process.env, ...python.env }, stdio: ["pipe", "pipe", "pipe"] },
  );
  // Not "close": that waits for whatever else has its pipes, and for what nobody reads.
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ready = new Promise<void>((resolve, reject) => {
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      // Its own word, on a line of its own: Flask's banner comes before anybody listens.
      if (/^ready$/m.test(stdout)) resolve();
    });
    child.once("exit", () => reject(new Error(`The Python slave ended: ${stderr}`)));
  });
  ready.catch(() => {});
  return {
    ready,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "bun:test";
import { standingStill } from "../../../../src/serve/host/standing-still.ts";
import { recordLog } from "../../../support/interaction.ts";
import { until } from "../../../support/until.ts";

test.if(process.platform === "linux")(
  "standingStill() tells of a worker that a signal has stopped, and of no other",
  async () => {
    const log = recordLog();
    const child = spawn("sleep", ["60"]);
    const told = () => standingStill({ id: "w3", pid: child.pid ?? 0 }, log);
    expect(told()).toBeUndefined();
    child.kill("SIGSTOP");
    const stopped = { code: "worker.exited", message: expect.stringContaining("stood still") };
    expect(await until(told, { what: "a process that stands still" })).toMatchObject(stopped);
    expect(log.text()).toContain("warn worker w3 stands still");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(told()).toBeUndefined();
  },
);

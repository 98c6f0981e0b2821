import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "bun:test";
import { standingStill, StandingStillWatch } from "../../../../src/serve/host/standing-still.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
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

test.if(process.platform === "linux")(
  "StandingStillWatch ends who is at something and stopped at two looks, and rests when nobody is at anything",
  async () => {
    const clock = new FakeClock();
    const log = recordLog();
    const children = [spawn("sleep", ["60"]), spawn("sleep", ["60"])];
    const ends = children.map((child) => once(child, "exit"));
    let busy = children.map(({ pid = 0 }, index) => ({ id: `w${index}`, pid }));
    const watch = new StandingStillWatch({ clock, log, busy: () => busy });
    watch.lookSoon();
    watch.lookSoon();
    expect(clock.pending).toBe(1);
    const [stopped, runs] = children;
    stopped?.kill("SIGSTOP");
    await until(() => standingStill({ id: "w0", pid: stopped?.pid ?? 0 }, recordLog()), {
      what: "a process that stands still",
    });
    clock.advance(1_000);
    expect(log.text()).toBe("");
    clock.advance(1_000);
    expect(log.text()).toContain("worker w0 stands still");
    expect(await ends[0]).toEqual([null, "SIGKILL"]);
    expect(runs?.exitCode).toBeNull();
    busy = [];
    clock.advance(1_000);
    expect(clock.pending).toBe(0);
    runs?.kill("SIGKILL");
    await ends[1];
  },
);

test.if(process.platform === "linux")(
  "StandingStillWatch leaves alone who has run in between, though it is stopped again at the second look",
  async () => {
    const clock = new FakeClock();
    const log = recordLog();
    const child = spawn("sleep", ["60"]);
    const worker = { id: "w0", pid: child.pid ?? 0 };
    const watch = new StandingStillWatch({ clock, log, busy: () => [worker] });
    const standsStill = (): Promise<unknown> =>
      until(() => standingStill(worker, recordLog()), { what: "a process that stands still" });
    watch.lookSoon();
    for (let look = 0; look < 3; look++) {
      child.kill("SIGSTOP");
      await standsStill();
      clock.advance(1_000);
      child.kill("SIGCONT");
      await until(() => !standingStill(worker, recordLog()), { what: "a process that goes on" });
    }
    expect(log.text()).toBe("");
    child.kill("SIGSTOP");
    await standsStill();
    const gone = once(child, "exit");
    clock.advance(2_000);
    expect(log.text()).toContain("worker w0 stands still");
    expect(await gone).toEqual([null, "SIGKILL"]);
    watch[Symbol.dispose]();
  },
);

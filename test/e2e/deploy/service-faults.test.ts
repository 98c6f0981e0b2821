import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { appendFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { isAlive, MadeService, untilGone } from "../../support/made-service.ts";
import { until } from "../../support/until.ts";

/** The process that keeps the service running. */
function keeperOf(service: MadeService): number {
  return Number(service.read(".svc.keeper").split("\n")[0]);
}

describe("serviceScript() when something goes wrong", () => {
  test("starts the service again after a crash, and start waits for that", async () => {
    await using service = await MadeService.write();
    service.run("start");
    const first = service.pid;
    process.kill(first, "SIGKILL");
    await untilGone(first);
    const started = service.run("start");
    expect(started.text).toMatch(/^Starting svc\n[^]*svc is running|^svc is running already/);
    const second = service.pid;
    expect(second).not.toBe(first);
    expect(service.run("status").status).toBe(0);
    expect(service.log).toContain("svc ended with code 137 after");
    process.kill(second, "SIGKILL");
    await until(() => service.pid !== second && isAlive(service.pid), { what: "a third" });
    expect(service.run("stop").status).toBe(0);
    expect(service.run("status").status).toBe(3);
  });

  test("takes no other service of its folder for itself, whose log is the same", async () => {
    await using service = await MadeService.write();
    const other = "serve ready on 127.0.0.1:2 url=http://127.0.0.1:2 pid=1\n";
    await writeFile(service.file("unready"), "");
    const starting = service.spawn("start");
    await until(() => service.pid > 0, { what: "its process" });
    await appendFile(service.file("logs/std.log"), other);
    const stands = { status: 0, text: expect.stringContaining("svc is starting: pid") as string };
    for (let look = 0; look < 5; look++) expect(service.run("status")).toEqual(stands);
    // The other one puts the log aside.
    await writeFile(service.file("logs/std.log"), other);
    await rm(service.file("unready"));
    expect(await starting.ended).toMatchObject({
      status: 0,
      text: expect.stringContaining(`serve ready on 127.0.0.1:1 url=http://127.0.0.1:1 pid=`),
    });
  });

  test("is stopped between a crash and the next start", async () => {
    await using service = await MadeService.write();
    await service.change("wait_s=1\n", "wait_s=50\n");
    service.run("start");
    process.kill(service.pid, "SIGKILL");
    const waiting = { status: 1, text: expect.stringContaining("will be started again") };
    await until(() => service.run("status").status === 1, { what: "a service between two starts" });
    expect(service.run("status")).toMatchObject(waiting);
    expect(service.run("stop")).toMatchObject({ status: 0 });
    expect(service.run("status").status).toBe(3);
  });

  test("is stopped when its keeper ends between the look at it and the signal", async () => {
    await using service = await MadeService.write();
    service.run("start");
    const program = service.pid;
    await service.change(
      'kill -TERM "$asked" 2>&1',
      'kill -KILL "$asked"; while [ "$(keeper)" = "$asked" ]; do :; done; kill -TERM 4194304 2>&1',
    );
    const { status, text } = service.run("stop");
    expect([status, text]).toEqual([0, expect.stringContaining("svc has stopped") as string]);
    expect(isAlive(program)).toBe(false);
  });

  test("ends when others stop the service, and when its options became wrong", async () => {
    await using service = await MadeService.write();
    service.run("start");
    process.kill(service.pid, "SIGTERM");
    await until(() => service.run("status").status === 3, { what: "the end" });
    expect(service.log).toContain("svc ended with code 0 after");
    service.run("start");
    await writeFile(service.file("fail"), "2");
    process.kill(service.pid, "SIGKILL");
    await until(() => service.run("status").status === 3, { what: "the end" });
    expect(service.log).toContain("svc ended with code 2 after");
  });

  test("one of two starts at the same time wins", async () => {
    await using service = await MadeService.write();
    const starts = Array.from({ length: 4 }, () => service.spawn("start").ended);
    const said = await Promise.all(starts);
    expect(service.log.split("serve ready on").length).toBe(2);
    const won = said.filter(({ status }) => status === 0);
    const lost = said.filter(({ status }) => status === 1);
    expect(won.length).toBeGreaterThanOrEqual(1);
    expect(won.length + lost.length).toBe(4);
    for (const { text } of lost) expect(text).toContain("svc is running already: pid");
    expect(isAlive(service.pid)).toBe(true);
  });

  test("knows its service from others that have its pid", async () => {
    await using service = await MadeService.write();
    const other = String(process.pid);
    await writeFile(service.file("svc.pid"), other);
    await writeFile(
      service.file(".svc.service"),
      `${other}\nanother boot 1\n0\nserve ready on x\n`,
    );
    await writeFile(service.file(".svc.keeper"), `${other}\nanother boot 1\n`);
    expect(service.run("status").status).toBe(3);
    expect(service.run("stop")).toEqual({ status: 0, text: "svc is not running\n" });
    await writeFile(service.file("svc.pid"), other);
    await writeFile(service.file(".svc.keeper"), `${other}\nanother boot 1\n`);
    expect(service.run("stopf")).toEqual({ status: 0, text: "svc is not running\n" });
    await writeFile(service.file("svc.pid"), "99999999");
    await writeFile(service.file(".svc.keeper"), "");
    await writeFile(service.file(".svc.service"), "nonsense\n");
    expect(service.run("start").status).toBe(0);
    expect(service.pid).not.toBe(99_999_999);
  });

  test("stops a service that has lost its keeper, and starts no second one", async () => {
    await using service = await MadeService.write();
    service.run("start");
    const { pid } = service;
    process.kill(keeperOf(service), "SIGKILL");
    await untilGone(keeperOf(service));
    expect(service.run("status").status).toBe(0);
    expect(service.run("start").text).toBe(`svc is running already: pid ${pid}\n`);
    expect(service.run("stop")).toMatchObject({ status: 0 });
    expect(isAlive(pid)).toBe(false);
    expect(service.log).toContain("drained");
  });

  test("starts after all of it was killed, as when the power was cut", async () => {
    await using service = await MadeService.write();
    service.run("start");
    const [{ pid }, keeper] = [service, keeperOf(service)];
    process.kill(-keeper, "SIGKILL");
    await untilGone(pid);
    await untilGone(keeper);
    expect(service.run("status").status).toBe(3);
    expect(service.run("start").status).toBe(0);
    expect(service.pid).not.toBe(pid);
  });

  test("hands SIGHUP on to the service", async () => {
    await using service = await MadeService.write();
    service.run("start");
    const { pid } = service;
    process.kill(keeperOf(service), "SIGHUP");
    await until(() => service.log.includes("reloaded"), { what: "the signal" });
    expect(service.pid).toBe(pid);
    expect(service.run("status").status).toBe(0);
  });

  test("logs shows what the service has printed, and follows it when it is told to", async () => {
    await using service = await MadeService.write();
    expect(service.run("logs")).toMatchObject({ status: 1 });
    service.run("start");
    // Nobody watches a pipe.
    expect(service.run("logs")).toMatchObject({
      status: 0,
      text: expect.stringContaining("serve ready on"),
    });
    expect(service.run("logs", "-n", "1").text.split("\n")).toHaveLength(2);
    const logs = service.spawn("logs", "-f", "-n", "1");
    await until(() => logs.said.text.includes("serve ready on"), { what: "the last line" });
    expect(logs.said.text).not.toContain("folder <");
    process.kill(service.pid, "SIGHUP");
    await until(() => logs.said.text.includes("reloaded"), { what: "the next line" });
    logs.child.kill();
    await logs.ended;
  });

  test("a log that has become long is put aside, and goes on", async () => {
    await using service = await MadeService.write();
    service.env = { DING_MAX_LOG_BYTES: "10" };
    service.run("start");
    const { pid } = service;
    // It is copied, and then emptied.
    const isAside = (): boolean => service.read("logs/std.log.1").includes("serve ready on");
    await until(() => isAside() && service.log === "", { what: "an older log" });
    expect(service.run("status")).toMatchObject({
      status: 0,
      text: expect.stringContaining("serve ready on"),
    });
    process.kill(pid, "SIGHUP");
    await until(() => service.log.startsWith("reloaded\n"), { what: "the new log" });
    expect(service.pid).toBe(pid);
  });

  test("asks ps where there is no /proc", async () => {
    await using service = await MadeService.write();
    for (let place = 0; place < 2; place++) await service.change("[ -d /proc/self ]", "false");
    expect(service.run("start").status).toBe(0);
    const { pid } = service;
    expect(service.run("start")).toMatchObject({ status: 1 });
    expect(service.run("status").status).toBe(0);
    expect(service.run("stopf").text).toContain("was ended at once");
    await untilGone(pid);
    await untilGone(Number(service.read("child")));
    expect(service.run("status").status).toBe(3);
  });

  test("needs its file and its folder", async () => {
    await using service = await MadeService.write();
    const input = readFileSync(service.script, "utf8");
    const piped = spawnSync("sh", ["-s", "start"], { input, encoding: "utf8", cwd: "/" });
    expect(piped.stderr).toContain("Run it as a file");
    expect(piped.status).toBe(1);
    await service.change("folder='", "folder='/nowhere");
    expect(service.run("start").status).not.toBe(0);
  });
});

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { shellTools } from "../../../scripts/test-services/shellcheck.ts";
import { shellScript } from "../../../src/deploy/shell-script.ts";
import { isAlive, MadeService, SHELLS, untilGone } from "../../support/made-service.ts";
import { testNeeding } from "../../support/needs.ts";
import { until } from "../../support/until.ts";

const missing = await shellTools();
const ODD = [
  "two words",
  "it's",
  '"$HOME" `id` $(id)',
  "a\nb",
  "",
  "*",
  "--x=ü ✓",
  "back\\slash",
  "!#~&;|",
];

describe("serviceScript()", () => {
  testNeeding(missing)(
    "is a script that shellcheck has nothing against, like shellScript()",
    async () => {
      await using service = await MadeService.write({ args: ODD });
      const keep = shellScript({
        name: "test",
        title: "ding slave",
        role: "slave",
        program: "/opt/it's ding",
        args: [...ODD, { kind: "with-host", text: "--name=trainer@" }],
        folder: "/srv/my $HOME",
        drainTimeoutMs: 1_000,
        needsTokenVariable: true,
        user: "nobody",
      });
      const keepFile = service.file("keep.sh");
      await writeFile(keepFile, keep);
      for (const file of [service.script, keepFile]) {
        const { status, stdout } = spawnSync("shellcheck", [file], { encoding: "utf8" });
        expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
      }
    },
  );

  for (const shell of SHELLS) {
    testNeeding(missing)(`starts, tells, restarts and stops a service with ${shell}`, async () => {
      await using service = await MadeService.write({ args: ODD }, shell);
      expect(service.run("status")).toEqual({ status: 3, text: "svc is not running\n" });
      const started = service.run("start");
      const { pid } = service;
      expect(started.text).toContain(
        `serve ready on 127.0.0.1:1 url=http://127.0.0.1:1 pid=${pid}\n`,
      );
      expect(started.text).toContain(
        `svc is running: pid ${pid}, log ${service.file("logs/std.log")}`,
      );
      expect(started.status).toBe(0);
      expect(isAlive(pid)).toBe(true);
      const shown = ODD.map((arg) => `arg <${arg}>\n`).join("");
      expect(service.log).toStartWith(`${shown}folder <${service.file("").slice(0, -1)}>\n`);

      const again = service.run("start");
      expect(again).toEqual({ status: 1, text: `svc is running already: pid ${pid}\n` });
      expect(service.pid).toBe(pid);
      expect(service.run("status")).toMatchObject({
        status: 0,
        text: expect.stringContaining(`svc is running: pid ${pid},`),
      });

      expect(service.run("restart")).toMatchObject({
        status: 0,
        text: expect.stringMatching(
          /Stopping svc[^]*svc has stopped\nStarting svc\n[^]*svc is running/,
        ),
      });
      expect(service.log).toContain("draining\ndrained\n");
      expect(isAlive(pid)).toBe(false);
      const second = service.pid;
      expect(second).not.toBe(pid);

      const stopped = service.run("stop");
      expect(stopped).toMatchObject({
        status: 0,
        text: expect.stringContaining("svc has stopped\n"),
      });
      expect(isAlive(second)).toBe(false);
      expect(readdirSync(service.file("")).toSorted()).toEqual(["child", "logs", "program.sh"]);
      expect(service.run("stop")).toEqual({ status: 0, text: "svc is not running\n" });
      expect(service.run("stopf")).toEqual({ status: 0, text: "svc is not running\n" });
    });
  }

  test("start waits until the service is ready", async () => {
    await using service = await MadeService.write();
    await writeFile(service.file("unready"), "");
    const start = service.spawn("start");
    await until(() => service.pid > 0, { what: "a pid file" });
    expect(service.run("status")).toMatchObject({
      status: 0,
      text: expect.stringContaining("svc is starting: pid"),
    });
    expect(service.run("start")).toMatchObject({
      status: 1,
      text: expect.stringContaining("running already"),
    });
    expect(start.said.status).toBe(null);
    await rm(service.file("unready"));
    expect(await start.ended).toMatchObject({
      status: 0,
      text: expect.stringContaining("svc is running"),
    });
  });

  test("start says so when it takes longer than it waits", async () => {
    await using service = await MadeService.write();
    service.env = { DING_START_TIMEOUT_S: "1" };
    await writeFile(service.file("unready"), "");
    const { status, text } = service.run("start");
    expect(text).toContain("svc is not ready after 1 s; it goes on starting");
    expect(status).toBe(1);
    // The second may have been over before there was a process.
    await until(() => isAlive(service.pid), { what: "the service that goes on starting" });
  });

  test.each([
    ["1", 1],
    ["2", 2],
    ["0", 1],
  ])(
    "start tells what a service said that ended with %s at once, and leaves nothing",
    async (code, status) => {
      await using service = await MadeService.write();
      await writeFile(service.file("fail"), code);
      const said = service.run("start");
      expect(said.text).toContain("svc did not start; the end of");
      expect(said.text).toContain("\nCannot load the model\n");
      expect(said.text).not.toContain("is running");
      expect(said.status).toBe(status);
      expect(service.log.split("Cannot load").length).toBe(2);
      expect(service.run("status").status).toBe(3);
      expect(readdirSync(service.file("")).toSorted()).toEqual(["fail", "logs", "program.sh"]);
    },
  );

  test("start without the token that callers must show says which variable is missing", async () => {
    await using service = await MadeService.write({ needsTokenVariable: true });
    const said = service.run("start");
    expect(said.text).toContain("DING_TOKEN: set it to the token that callers must show");
    expect(said.status).not.toBe(0);
    service.env = { DING_TOKEN: "s3cret" };
    expect(service.run("start").status).toBe(0);
  });

  test("stop waits for the drain, and does not lie when that takes too long", async () => {
    await using service = await MadeService.write();
    service.run("start");
    const { pid } = service;
    await writeFile(service.file("hold"), "");
    const stop = service.spawn("stop");
    await until(() => service.log.includes("draining"), { what: "the drain" });
    await service.change("stop_timeout_s=20", "stop_timeout_s=1");
    const late = service.run("stop");
    expect(late.text).toContain(`svc still runs: pid`);
    expect(late.status).toBe(1);
    expect(service.log.split("draining").length).toBe(2);
    expect(isAlive(pid)).toBe(true);
    expect(stop.said.status).toBe(null);
    const stands = `svc is stopping: pid ${pid}, log ${service.file("logs/std.log")}\n`;
    expect(service.run("status")).toEqual({ status: 0, text: stands });
    const started = `svc is still stopping: pid ${pid}; start it after that\n`;
    expect(service.run("start")).toEqual({ status: 1, text: started });
    await rm(service.file("hold"));
    expect(await stop.ended).toMatchObject({
      status: 0,
      text: "Stopping svc: it may finish its work for 20 s\nsvc has stopped\n",
    });
    expect(service.log).toContain("drained\n");
  });

  test("stopf ends the service at once, with all its processes", async () => {
    await using service = await MadeService.write();
    service.run("start");
    const [pid, child] = [service.pid, Number(service.read("child"))];
    await writeFile(service.file("hold"), "");
    expect(service.run("stopf").text).toMatch(/^svc was ended at once: pid \d+ \d+\n$/);
    await untilGone(pid);
    await untilGone(child);
    expect(service.log).not.toContain("draining");
    expect(service.run("status").status).toBe(3);
  });

  test.each([[[]], [["dance"]], [["logs", "-n", "x"]]])("tells how to use it: %j", async (args) => {
    await using service = await MadeService.write();
    const { status, text } = service.run(...args);
    expect(text).toContain("start|stop|stopf|restart|status|logs [-f] [-n LINES]");
    expect(status).toBe(2);
  });
});

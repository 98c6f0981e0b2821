import { chmod } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { tempFolder } from "../../support/temp-folder.ts";
import { FakeProgram, runFake } from "./fixtures/fake-program.ts";

describe("a role", () => {
  test("says on stderr where it is ready, and nothing on stdout", async () => {
    await using program = new FakeProgram(["fake", "--port", "7001"]);
    await program.said("ready");
    program.kill("SIGTERM");
    const { code, stdout, stderr } = await program.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain(
      "fake ready on 127.0.0.1:7001 url=http://127.0.0.1:7001 colour=green\n",
    );
  });

  test("with --json says it in one line on stdout", async () => {
    await using program = new FakeProgram(["fake", "--json", "--next", "end"]);
    const { code, stdout, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stdout).toEndWith("}\n");
    expect(JSON.parse(stdout)).toEqual({
      ready: true,
      role: "fake",
      address: "127.0.0.1:7000",
      url: "http://127.0.0.1:7000",
      colour: "green",
    });
    expect(stderr).not.toContain("ready on");
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "drains after %s and exits 0",
    async (signal) => {
      await using program = new FakeProgram(["fake", "--drain", "slow"]);
      await program.said("ready");
      program.kill(signal);
      const { code, stderr } = await program.ended;
      expect(code).toBe(0);
      expect(stderr).toContain('"message":"fake is stopping","graceMs":30000');
      expect(stderr).toContain('"message":"fake has drained","isLate":false');
    },
  );

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)("leaves at once after a second signal, %s", async (signal, exitCode) => {
    await using program = new FakeProgram(["fake", "--drain", "stuck"]);
    await program.said("ready");
    program.kill("SIGTERM");
    await program.said("fake is stopping");
    await program.insist(signal);
    const { code, stderr } = await program.ended;
    expect(code).toBe(exitCode);
    expect(stderr).not.toContain("fake has drained");
  });

  test("takes a signal that comes twice at once for one, as `timeout` sends it", async () => {
    const { code, stderr } = await runFake(["fake", "--drain", "slow", "--next", "term-twice"]);
    expect(code).toBe(0);
    expect(stderr).toContain('"message":"fake has drained","isLate":false');
  });

  test("stops waiting for work after --drain-timeout-ms", async () => {
    await using program = new FakeProgram(["fake", "--drain", "stuck", "--drain-timeout-ms=50"]);
    await program.said("ready");
    program.kill("SIGTERM");
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('"message":"fake has drained","isLate":true');
  });

  test("a signal during start ends it with 0", async () => {
    await using program = new FakeProgram(["fake", "--start", "slow"]);
    await program.said("fake is starting");
    program.kill("SIGTERM");
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr).not.toContain("ready on");
    expect(stderr).not.toContain("ding:");
  });

  test("a start that does not come back is left after --drain-timeout-ms", async () => {
    await using program = new FakeProgram(["fake", "--start", "stuck", "--drain-timeout-ms=50"]);
    await program.said("fake is starting");
    program.kill("SIGTERM");
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr).toContain("fake is left as it was starting");
  });

  test("a second signal ends a start that does not come back", async () => {
    await using program = new FakeProgram(["fake", "--start", "stuck"]);
    await program.said("fake is starting");
    program.kill("SIGTERM");
    await program.said("fake is stopping");
    await program.insist("SIGINT");
    expect((await program.ended).code).toBe(130);
  });

  test("goes on after SIGHUP when nohup started it", async () => {
    await using program = new FakeProgram(["fake"], { nohup: true });
    await program.said("ready");
    program.kill("SIGHUP");
    program.kill("SIGTERM");
    await program.said("fake has drained");
    expect((await program.ended).code).toBe(0);
  });

  test("reads its files again after a SIGHUP, also after one during its start", async () => {
    await using program = new FakeProgram(["rereading", "--start", "at-hangup"]);
    await program.said("fake is starting");
    program.kill("SIGHUP");
    await program.said("fake has read its files again");
    program.kill("SIGTERM");
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr.indexOf("ready on")).toBeLessThan(stderr.indexOf("read its files again"));
  });

  test("that cannot start tells why, with the exit code of the error", async () => {
    const { code, stdout, stderr } = await runFake(["fake", "--start", "fail"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toEndWith("ding: Cannot start\nWait\n");
  });

  test("that fails later tells why, with the exit code of the error", async () => {
    const { code, stderr } = await runFake(["fake", "--next", "fail"]);
    expect(code).toBe(5);
    expect(stderr).toEndWith("ding: Lost it\n");
  });

  test("that is over ends the program, whatever it left open", async () => {
    expect((await runFake(["fake", "--next", "end"])).code).toBe(0);
    expect((await runFake(["fake", "--next", "leak"])).code).toBe(0);
  });

  test("a promise that nobody waits for ends the program with 70 and a stack", async () => {
    const { code, stderr } = await runFake(["fake", "--next", "throw"]);
    expect(code).toBe(70);
    expect(stderr).toMatch(/ding: nobody waits\nError: nobody waits\n\s+at .*fake-role\.ts:/);
  });
});

describe("the token of a role", () => {
  test("comes from --token-file or DING_TOKEN, and is never shown", async () => {
    await using folder = await tempFolder();
    const file = await folder.write("token", "very-s3cret\n");
    await chmod(file, 0o600);
    const flags = ["fake", "--host", "0.0.0.0", "--next", "end"];
    const byFile = await runFake([...flags, "--token-file", file]);
    const byVariable = await runFake(flags, { env: { DING_TOKEN: "very-s3cret" } });
    for (const { code, stdout, stderr } of [byFile, byVariable]) {
      expect(code).toBe(0);
      expect(stderr).toContain('"seen":"with [hidden]"');
      expect(stdout + stderr).not.toContain("s3cret");
    }
  });

  test("is needed beyond this machine, or --insecure", async () => {
    const refused = await runFake(["fake", "--host", "0.0.0.0"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("pass --insecure to let everybody in");
    const flags = ["fake", "--host", "0.0.0.0", "--insecure", "--next", "end"];
    expect((await runFake(flags)).code).toBe(0);
  });
});

describe("the options of a role", () => {
  test("come from the config file of the folder, of --config and of DING_CONFIG", async () => {
    await using folder = await tempFolder();
    const cwd = folder.path;
    await folder.write("ding.config.json", { fake: { port: 1, next: "end" } });
    const other = await folder.write("other.json", { fake: { port: 2, next: "end" } });
    expect((await runFake(["fake"], { cwd })).stderr).toContain("127.0.0.1:1 ");
    const named = await runFake(["fake", "--config", other], { cwd });
    expect(named.stderr).toContain("127.0.0.1:2 ");
    const env = { DING_CONFIG: other, DING_FAKE_PORT: "3" };
    expect((await runFake(["fake"], { cwd, env })).stderr).toContain("127.0.0.1:3 ");
  });
});

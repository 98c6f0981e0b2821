import { expect, test } from "bun:test";
import { ding, spawnDing, takeOrphans } from "../../support/ding.ts";
import { until } from "../../support/until.ts";

/** Runs a shell in place of ding: what follows the script becomes its parameters. */
function shell(script: string): { prefix: string[] } {
  return { prefix: ["sh", "-c", script] };
}

test("ding() gives the exit code and both outputs, apart", async () => {
  const result = await ding([], shell("echo out; echo err >&2; exit 3"));
  expect(result).toEqual({ code: 3, signal: null, stdout: "out\n", stderr: "err\n" });
});

test("ding() hands over input, and an environment without our own DING_*", async () => {
  process.env["DING_TEST"] = "ours";
  const script = 'cat; echo "$DING_TEST|$DING_GIVEN"';
  const env = { DING_GIVEN: "given" };
  const { stdout } = await ding([], { ...shell(script), input: "in ", env });
  delete process.env["DING_TEST"];
  expect(stdout).toBe("in |given\n");
});

test("waitForExit() ends everything past its deadline and says what was printed", async () => {
  await using running = spawnDing([], shell("echo begun; sleep 30 & sleep 30"));
  await until(() => running.stdout !== "");
  const late = running.waitForExit(100);
  expect(late).rejects.toThrow(/did not end within 100 ms\nstdout: begun/);
  expect((await running.exited).signal).toBe("SIGKILL");
});

test("ready() reads the line for people, and the one for programs", async () => {
  await using people = spawnDing(
    ["slave"],
    shell(
      "echo noise >&2; echo 'slave ready on 127.0.0.1:7236 url=http://127.0.0.1:7236 x=1' >&2; sleep 30",
    ),
  );
  expect(await people.ready()).toMatchObject({ port: 7236, url: "http://127.0.0.1:7236" });
  await using programs = spawnDing(
    ["slave", "--json"],
    shell(`echo '{"ready":true,"address":"[::1]:80","url":"https://[::1]:80"}'; sleep 30`),
  );
  expect(await programs.ready()).toMatchObject({ port: 80, facts: { ready: true } });
});

test("ready() rejects with what was said when the program ends instead", async () => {
  await using broken = spawnDing([], shell("echo 'port in use' >&2; exit 1"));
  expect(broken.ready()).rejects.toThrow(/ended with 1 and was never ready: port in use/);
  await broken.exited;
});

test("stop() signals the program and waits for its end", async () => {
  await using running = spawnDing(
    [],
    shell("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done"),
  );
  await until(() => running.stdout !== "");
  expect((await running.stop("SIGTERM")).code).toBe(7);
});

test("asyncDispose notes children that outlive a program which has ended, and ends them", async () => {
  {
    await using running = spawnDing([], { ...shell("sleep 30 & echo $!"), orphanGraceMs: 100 });
    await running.exited;
  }
  expect(takeOrphans()).toEqual([
    expect.stringMatching(/processes \d+, which ding .* left behind/),
  ]);
});

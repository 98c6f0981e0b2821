import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { ding, spawnDing } from "../../support/ding.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../../support/until.ts";

const FOLDER = "test/e2e/task/fixtures";
const GREETING = `${FOLDER}/greeting.ts`;
const FAULTS = `${FOLDER}/faults.ts`;
const PATIENT = { timeoutMs: 60_000 };

test("ding task runs main in several nodes of a mesh, which hear each other; its prints are on stdout", async () => {
  const args = ["--parallel-workers", "3", "--topology", "mesh", "--ports", "0"];
  const main = GREETING.replace(".ts", ""); // the ending may be left out
  const { code, stdout, stderr } = await ding(["task", "--main", main, ...args], PATIENT);
  expect([code, stdout]).toEqual([0, "Hi from 1, Hi from 2\n"]);
  expect(stderr).toMatch(/^task ready on 127\.0\.0\.1:\d+ nodes=3 addresses=/);
});

test("ding task --attach-to joins another launch; the leaves of a star hear each other", async () => {
  const port = String(await freePort());
  const hub = ["task", "-m", GREETING, "--ports", port, "--expect-nodes", "3"];
  await using first = spawnDing([...hub, "--topology", "star"]);
  const leaves = ["--node_ids", "5", "--parallel_workers", "2", "--protocol", "ipc"];
  const attach = ["--attach_to", `tcp://127.0.0.1:${port}`, "--topology", "alone"];
  const second = await ding(
    ["task", GREETING, ...leaves, ...attach, "--expect-nodes", "3"],
    PATIENT,
  );
  expect([second.code, second.stderr.includes("nodes=2")]).toEqual([0, true]);
  const { code, stdout } = await first.waitForExit();
  expect([code, stdout]).toEqual([0, "Hi from 5, Hi from 6\n"]);
});

test("ding task finds module.function of a package; says what is not there", async () => {
  const of = (main: string): string[] => ["task", "--package", FOLDER, "--main", main];
  const [named, missing, noFunction, noFile] = await Promise.all([
    ding([...of("greeting.shout"), "--protocol", "ipc"], PATIENT),
    ding(of("greeting.none"), PATIENT),
    ding(of("greeting.nothing"), PATIENT),
    ding(of("nowhere.main"), PATIENT),
  ]);
  expect([named.code, named.stdout]).toEqual([0, "node 0 of 1\n"]);
  expect([missing.code, missing.stderr]).toEqual([
    1,
    expect.stringContaining("it exports no function none"),
  ]);
  expect([noFunction.code, noFile.code]).toEqual([1, 1]);
  expect(noFile.stderr).toContain('Cannot find main "nowhere.main": no such file');
});

test("ding task fails at once when a port is in use, and names it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await until(() => server.listening);
  const { port } = server.address() as { port: number };
  const args = ["--parallel-workers", "2", "--ports", `0,${port}`];
  const { code, stderr } = await ding(["task", "--main", GREETING, ...args], PATIENT);
  server.close();
  expect([code, stderr]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}: address in use`)]);
});

test("ding task: a main that throws ends its node; the others are told; the place is shown", async () => {
  const args = ["--parallel-workers", "2", "--labels", "once", "--ports", "0"];
  const { code, stdout, stderr } = await ding(["task", "--main", FAULTS, ...args], PATIENT);
  expect([code, stdout]).toEqual([6, "join\ncrash\n"]);
  expect(stderr).toMatch(/"A node has failed","node":1,"error":"Main of node 1 failed: boom"/);
  expect(stderr).toMatch(/ding: Main of node 1 failed: boom\n.*faults\.ts:8:/);
});

const RECOVER = ["--ports", "0", "--auto-recover"];

test("ding task --auto-recover runs a failed main again: the others hear crash, then join", async () => {
  const args = ["--parallel-workers", "2", ...RECOVER, "--max-retries", "1"];
  const waiting = ["--package", FOLDER, "--main", "faults.waited", "--parallel-workers", "3"];
  const [waited, back] = await Promise.all([
    ding(["task", ...waiting, ...RECOVER, "--max-retries", "1"], PATIENT),
    ding(["task", "--main", FAULTS, ...args], PATIENT),
  ]);
  expect([back.code, back.stdout]).toEqual([0, "join\ncrash\njoin\n"]);
  expect([waited.code, waited.stdout]).toEqual([0, "node 1 is back\n"]);
});

test("ding task --auto-recover tells a node that is back of a finish that it missed; one that fails then has failed", async () => {
  const run = (main: string, workers: number, ...more: string[]) => {
    const args = ["--package", FOLDER, "--main", main, "--parallel-workers", String(workers)];
    return ding(["task", ...args, ...RECOVER, ...more], PATIENT);
  };
  const [left, missed, late, ...hopeless] = await Promise.all([
    run("faults.left", 2, "--join-timeout-ms", "10000"),
    run("faults.missed", 2),
    run("faults.late", 2),
    run("faults.hopeless", 2),
    run("faults.hopeless", 3),
  ]);
  expect([left.code, left.stderr]).toEqual([
    124,
    expect.stringContaining('Cannot wait longer for event "never": all other nodes have ended'),
  ]);
  expect([missed.code, missed.stdout]).toEqual([0, "node 1 finishes after step 0\n"]);
  expect([late.code, late.stdout]).toEqual([6, "told to finish\ntold to finish\n"]);
  for (const { code, stderr } of hopeless) {
    expect([code, stderr.includes("runs again")]).toEqual([6, true]);
    expect(stderr).toContain("Main of node 1 failed: boom");
  }
});

test("ding task ends mains that do not end when it is told to, and leaves no process behind", async () => {
  const args = ["--parallel-workers", "2", "--ports", "0", "--drain-timeout-ms", "200"];
  await using running = spawnDing(["task", "--package", FOLDER, "-m", "faults.endless", ...args]);
  await until(() => running.stdout.split("\n").length === 3, PATIENT);
  running.kill("SIGTERM");
  const { code, stdout } = await running.waitForExit();
  expect([code, stdout.trim().split("\n").toSorted()]).toEqual([0, ["node 0 runs", "node 1 runs"]]);
});

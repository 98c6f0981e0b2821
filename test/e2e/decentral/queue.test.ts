import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { open } from "node:fs/promises";
import { ding, spawnDing } from "../../support/ding.ts";
import { decentral } from "../../support/fleet-process.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";
import { startDecentral } from "../../support/fleet-process.ts";
import { NOTING } from "../../support/fleet.ts";

const QUEUE = ["--queue", "sqlite:./q.db"];

function lines(stdout: string): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("push, stats, peek and purge work on a queue", async () => {
  await using folder = await tempFolder();
  const options = { runtime: "binary", cwd: folder.path } as const;
  const input = '{"url": "a", "big": 9007199254740993}\n\n{"url": "b"}\n{"url": "a"}\n';
  const pushed = await ding(["decentral", "push", "-", ...QUEUE, "--key-field", "url", "--json"], {
    ...options,
    input,
  });
  expect(JSON.parse(pushed.stdout)).toEqual({ queue: "sqlite:./q.db", pushed: 2, duplicates: 1 });
  const list = await folder.write("more.json", [1, { priority: "no, that is the value" }]);
  const urgent = await ding(
    ["decentral", "push", list, ...QUEUE, "--priority", "5", "--delay-ms", "1"],
    options,
  );
  expect([urgent.code, urgent.stdout]).toEqual([0, "2 pushed\n"]);
  const enveloped = '{"value": [1], "id": "mine", "key": "k", "priority": -1, "delayMs": 60000}\n';
  await ding(["decentral", "push", ...QUEUE, "--envelope"], { ...options, input: enveloped });

  const stats = await decentral(["queue", "stats", ...QUEUE], options);
  expect(stats).toMatchObject({ queue: "sqlite:./q.db", length: 5, delayed: 1, dead: 0 });
  const peeked = await ding(["decentral", "queue", "peek", ...QUEUE, "--json", "-n", "9"], options);
  const jobs = lines(peeked.stdout);
  expect(jobs.map(({ value }) => value)).toEqual([
    1,
    { priority: "no, that is the value" },
    { url: "a", big: Number("9007199254740993") },
    { url: "b" },
    [1],
  ]);
  expect(peeked.stdout).not.toContain("receipt");
  expect(jobs[4]).toMatchObject({ id: "mine", key: "k", state: "delayed", priority: -1 });
  expect(await decentral(["queue", "purge", ...QUEUE], options)).toMatchObject({ purged: 5 });

  await ding(["decentral", "push", ...QUEUE], {
    ...options,
    input: `["${"long ".repeat(999)}"]\n`,
  });
  const long = await ding(["decentral", "queue", "peek", ...QUEUE], options);
  expect(long.stdout).toMatch(/ready {2}attempt 0 {2}\["long long .{480,520}…\n$/);
});

test("dead jobs are shown with their reasons, tried again, and thrown away", async () => {
  await using folder = await tempFolder();
  const options = { runtime: "binary", cwd: folder.path } as const;
  const to = folder.file("notes");
  const input = [1, 2].map((n) => `${JSON.stringify({ to, n, giveUp: true })}\n`).join("");
  await ding(["decentral", "push", "-", ...QUEUE], { ...options, input });
  {
    await using fleet = await startDecentral(["--plugin", NOTING, ...QUEUE], options);
    const isDead = async (): Promise<boolean> =>
      (await decentral<{ dead: number }>(["queue", "stats", ...QUEUE], options)).dead === 2;
    await until(isDead, { what: "two dead jobs" });
    await fleet.stop();
  }
  const { stdout } = await ding(["decentral", "queue", "dead", ...QUEUE, "--json"], options);
  const [first, second] = lines(stdout);
  expect(first).toMatchObject({ reasons: ["it is hopeless"], attempt: 1 });
  const id = String(second?.["id"]);
  expect(await decentral(["queue", "redrive", id, ...QUEUE], options)).toMatchObject({
    redriven: 1,
  });
  const unknown = await ding(["decentral", "queue", "redrive", "none", ...QUEUE], options);
  expect([unknown.code, unknown.stdout]).toEqual([1, "0 redriven\n"]);
  expect(await decentral(["queue", "purge", "--dead", ...QUEUE], options)).toMatchObject({
    purged: 1,
  });
  expect(await decentral(["queue", "stats", ...QUEUE], options)).toMatchObject({
    ready: 1,
    dead: 0,
  });
});

test("push hands on what came through a pipe that stands still, and ends when it is told to", async () => {
  await using folder = await tempFolder();
  const pipe = folder.file("pipe");
  execFileSync("mkfifo", [pipe]);
  const options = { runtime: "binary", cwd: folder.path } as const;
  await using push = spawnDing(["decentral", "push", pipe, ...QUEUE], options);
  await using writer = await open(pipe, "w");
  await writer.write('{"a": 1}\n{"a": 2}\n{"a"');
  const isThere = async (): Promise<boolean> => {
    const stats = await ding(["decentral", "queue", "stats", ...QUEUE, "--json"], options);
    return stats.code === 0 && (JSON.parse(stats.stdout) as { ready: number }).ready === 2;
  };
  await until(isThere, { what: "two jobs" });
  process.kill(push.pid, "SIGTERM");
  expect(await push.waitForExit()).toMatchObject({ code: 143, stdout: "2 pushed\n" });
});

const FAULTS: [string, string[], string, string][] = [
  [
    "a line that is no JSON",
    ["push", "-"],
    '{"a": 1}\n{"b": }\n',
    "line 2: it is no JSON: column 7",
  ],
  [
    "a file that is not there",
    ["push", "none.jsonl"],
    "",
    'Cannot push "none.jsonl": no such file',
  ],
  ["a job without its key", ["push", "-", "--key-field", "k"], "{}\n", 'no text or number in "k"'],
  ["an envelope without a value", ["push", "-", "--envelope"], "{}\n", 'it has no "value"'],
  [
    "a job that the queue does not take",
    ["push", "-", "--envelope"],
    '{"value": 1}\n{"value": 1, "priority": 1001}\n',
    "Cannot push standard input, line 2: its priority is 1001",
  ],
  [
    "a queue of this process alone",
    ["push", "-", "--queue", "memory:"],
    "",
    "it is of one process",
  ],
  ["an unknown queue", ["queue", "stats", "--queue", "ftp://x"], "", "it is no queue's URL"],
];
for (const [what, args, input, message] of FAULTS) {
  test(`${what} is a wrong command line`, async () => {
    await using folder = await tempFolder();
    const { code, stderr, stdout } = await ding(["decentral", ...args], {
      runtime: "binary",
      cwd: folder.path,
      input,
    });
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([2, ""]);
  });
}

import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { delay } from "../../../src/core/wait.ts";
import { TaskFail, TaskRefuse } from "../../../src/slave/refusals.ts";
import { freePort } from "../../support/free-port.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { failureOf } from "../../unit/submit/failure-of.ts";
import { linesOf, numbers, Rack, submitText } from "./rack.ts";

const echo = (task: never): unknown => task;

test("submit() with one master and a hundred slaves runs every task once, on all of them", async () => {
  let ran = 0;
  const work = async (task: { n: number }): Promise<unknown> => {
    ran += 1;
    await delay(5);
    return { square: task.n ** 2 };
  };
  await using rack = await Rack.of(100, work as never);
  const tasks = numbers(2_000).map((n) => ({ n }));
  const { lines, counts } = await submitText(linesOf(tasks), {
    slave: rack.addresses,
    channel: 233,
  });
  expect(counts.COMPLETED).toBe(2_000);
  expect(ran).toBe(2_000);
  const byIndex = lines.toSorted((a, b) => a.index - b.index);
  expect(byIndex.map((line) => line.index)).toEqual(numbers(2_000));
  for (const { index, result } of byIndex) expect(result).toEqual({ square: index ** 2 });
  expect(new Set(lines.map((line) => line.slave)).size).toBe(100);
  expect(rack.slaves.every((slave) => slave.status().counts.completed >= 5)).toBe(true);
}, 30_000);

test("submit() asks a slave for the channel that nobody gave", async () => {
  await using rack = await Rack.of(1, echo, { channel: 4_711 });
  const told: string[] = [];
  const log = { debug() {}, warn() {}, error() {}, info: (text: string) => void told.push(text) };
  const { counts } = await submitText("1", { slave: rack.addresses }, { log });
  expect(counts.COMPLETED).toBe(1);
  expect(told[0]).toBe(`Using channel 4711, as slave ${rack.addresses[0]} says`);
});

test("submit() takes slaves and channel from the file of tasks, unless a flag says otherwise", async () => {
  await using rack = await Rack.of(2, echo, { channel: 5 });
  const [first = "", second = ""] = rack.addresses;
  const text = JSON.stringify({ tasks: ["a"], slaves: [first], channel: 5 });
  const plain = await submitText(text, { slave: [second], channel: 6 });
  expect(plain.lines).toMatchObject([{ result: "a", slave: first }]);
  const explicit = { slaves: true, channel: false };
  const flagged = await submitText(text, { slave: [second] }, { explicit });
  expect(flagged.lines).toMatchObject([{ slave: second }]);
});

test("submit() passes every kind of result and failure on", async () => {
  const work = (task: { do: string }): unknown => {
    if (task.do === "fail") throw new TaskFail({ message: "ab not found" }, "A or B not found");
    if (task.do === "throw") throw new Error("oops");
    if (task.do === "refuse") throw new TaskRefuse({ why: "no" });
    return { zero: 0, empty: "", nothing: null, list: [] };
  };
  await using rack = await Rack.of(1, work as never);
  const tasks = ["work", "fail", "throw"].map((what) => ({ do: what }));
  const { lines } = await submitText(linesOf(tasks), { slave: rack.addresses });
  expect(lines).toMatchObject([
    { status: "COMPLETED", result: { zero: 0, empty: "", nothing: null, list: [] }, attempts: 1 },
    {
      status: "FAILED",
      result: { message: "ab not found" },
      error: { message: "A or B not found" },
    },
    { status: "FAILED", result: null, error: { message: "oops" } },
  ]);
});

test("submit() reports a task that no slave wants with the slave's words", async () => {
  class Picky {
    static work = echo;
  }
  await using rack = new Rack();
  for (const _ of [1, 2]) {
    const slave = await rack.add(Picky.work);
    slave.beforeTask = () => {
      throw new TaskRefuse({ wants: "a and b" });
    };
  }
  const { lines } = await submitText("{}", { slave: rack.addresses });
  expect(lines).toMatchObject([
    {
      status: "START_FAILED",
      attempts: 2,
      error: { code: "peer.refused", details: { code: 602, data: { wants: "a and b" } } },
    },
  ]);
});

test("submit() uses the queue of a slave that has one", async () => {
  let [running, most] = [0, 0];
  const work = async (task: unknown): Promise<unknown> => {
    running += 1;
    most = Math.max(most, running);
    await delay(1);
    running -= 1;
    return task;
  };
  await using rack = await Rack.of(1, work, { mode: "queue", concurrency: 2, queueLimit: 4 });
  const { counts, lines } = await submitText(linesOf(numbers(300)), { slave: rack.addresses });
  expect(counts.COMPLETED).toBe(300);
  expect(most).toBe(2);
  expect(lines.every((line) => line.attempts === 1)).toBe(true);
  expect(rack.slaves[0]?.status().counts.refused).toBe(0);
});

test("submit() cancels a task that takes too long, and goes on", async () => {
  const work = async (task: number, { signal }: { signal: AbortSignal }): Promise<unknown> => {
    await delay(task === 1 ? 60_000 : 1, signal);
    return task;
  };
  await using rack = await Rack.of(1, work as never);
  const { lines } = await submitText("[0, 1, 2]", { slave: rack.addresses, timeoutMs: 1_000 });
  const statuses = lines.toSorted((a, b) => a.index - b.index).map((line) => line.status);
  expect(statuses).toEqual(["COMPLETED", "TIMED_OUT", "COMPLETED"]);
});

test("submit() runs the tasks of a slave that goes away on another one", async () => {
  const gate = Promise.withResolvers<void>();
  await using rack = await Rack.of(1, () => gate.promise);
  const other = await rack.add(echo);
  const [doomed] = rack.slaves;
  const options = { slave: rack.addresses, minSlaves: 2 };
  const submitted = submitText(linesOf(numbers(20)), options, {
    events: {
      onResult(line) {
        if (line.index === 10) void doomed?.close(0);
      },
    },
  });
  const { lines, counts, retried } = await submitted;
  gate.resolve();
  expect(counts.COMPLETED).toBe(20);
  expect(retried).toBe(1);
  const moved = lines.filter((line) => line.attempts === 2);
  expect(moved).toMatchObject([{ slave: other.address, status: "COMPLETED" }]);
}, 20_000);

test("submit() rejects within the connect timeout when no slave is there", async () => {
  const port = await freePort();
  const slave = [`127.0.0.1:${port}`];
  for (const channel of [233, undefined]) {
    const startedAt = performance.now();
    const error = await failureOf(submitText("1", { slave, channel, connectTimeoutMs: 1_000 }));
    expect(error.code).toBe("network.unreachable");
    expect(error.message).toContain(slave[0]!);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  }
});

test("submit() goes on without the slaves that are missing, and tells why", async () => {
  await using rack = await Rack.of(1, echo);
  const missing = `127.0.0.1:${await freePort()}`;
  const told: string[] = [];
  const { counts } = await submitText(
    linesOf(numbers(10)),
    { slave: [missing, ...rack.addresses], channel: 233 },
    { events: { onSlave: ({ slave, state }) => void told.push(`${slave} ${state}`) } },
  );
  expect(counts.COMPLETED).toBe(10);
  expect(told).toContain(`${rack.addresses[0]} up`);
  expect(told).toContain(`${missing} unreachable`);
});

test("submit() says that the channel or the token is wrong, at once", async () => {
  await using rack = await Rack.of(1, echo, { token: "secret" });
  const startedAt = performance.now();
  const slave = rack.addresses;
  const wrong = await failureOf(submitText("1", { slave, channel: 5 }, { token: "secret" }));
  expect(wrong).toMatchObject({ code: "peer.refused", hint: expect.stringContaining("--channel") });
  expect(wrong.message).toMatch(/every slave refuses: .*Channel/);
  const strangers = [
    await failureOf(submitText("1", { slave, channel: 233 })),
    await failureOf(submitText("1", { slave })),
    await failureOf(submitText("1", { slave, channel: 233 }, { token: "other" })),
  ];
  for (const { code } of strangers) expect(code).toMatch(/^(auth|peer)\./);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  const right = await submitText("1", { slave }, { token: "secret" });
  expect(right.counts.COMPLETED).toBe(1);
});

test("submit() waits for slaves that dial in", async () => {
  await using rack = new Rack();
  const { counts, lines } = await submitText(
    linesOf(numbers(40)),
    { listen: "127.0.0.1:0", minSlaves: 2, channel: 233 },
    {
      events: {
        onListen(address) {
          for (const name of ["x", "y"]) void rack.add(slowly, { name, join: [address] });
        },
      },
    },
  );
  expect(counts.COMPLETED).toBe(40);
  expect(new Set(lines.map((line) => line.slave)).size).toBe(2);
});

async function slowly(task: unknown): Promise<unknown> {
  await delay(10);
  return task;
}

test("submit() that is stopped leaves a results file that --resume takes up", async () => {
  await using folder = await tempFolder();
  const out = folder.file("results.jsonl");
  const file = await folder.write("tasks.jsonl", linesOf(numbers(60)));
  const work = async (task: number, { signal }: { signal: AbortSignal }): Promise<unknown> => {
    await delay(task % 10 === 0 ? 300 : 5, signal);
    return task;
  };
  await using rack = await Rack.of(2, work as never);
  const stop = new AbortController();
  const slave = rack.addresses;
  const first = await submitText(
    "",
    { file, out, slave },
    {
      signal: stop.signal,
      events: { onResult: ({ index }) => index === 15 && stop.abort() },
    },
  );
  expect(first.isInterrupted).toBe(true);
  expect(first.done).toBeLessThan(60);
  expect(await linesIn(out)).toHaveLength(first.lines.length);

  const again = await submitText("", { file, resume: out, slave });
  expect(again).toMatchObject({ done: 60, skipped: first.done, isInterrupted: false });
  expect(again.lines).toHaveLength(60 - first.done);
  const told = (await linesIn(out)).map((line) => JSON.parse(line) as { index: number });
  expect(told.map((line) => line.index).toSorted((a, b) => a - b)).toEqual(numbers(60));

  const fresh = folder.file("fresh.jsonl");
  const nothing = await submitText("", { file, resume: out, out: fresh, slave: ["127.0.0.1:1"] });
  expect(await readFile(fresh, "utf8")).toBe("");
  expect(nothing).toMatchObject({ done: 60, skipped: 60, lines: [] });
  const piped = await submitText(linesOf(numbers(61)), { resume: out, slave });
  expect(piped.lines).toMatchObject([{ index: 60, result: 60 }]);
});

async function linesIn(path: string): Promise<string[]> {
  return (await readFile(path, "utf8")).trimEnd().split("\n");
}

test("submit() refuses a results file of another job before it runs anything", async () => {
  await using folder = await tempFolder();
  await using rack = await Rack.of(1, echo);
  const [out, slave] = [folder.file("results.jsonl"), rack.addresses];
  await submitText('[{"a": 1}, {"a": 2}]', { out, slave });
  const before = await readFile(out, "utf8");
  for (const text of ['[{"a": 1}, {"a": 3}]', '[{"a": 1}]', '{"a": 5}\n{"a": 2}\n{"a": 1}\n']) {
    const error = await failureOf(submitText(text, { resume: out, slave }));
    expect(error.code).toBe("usage.invalid-input");
    expect(error.message).toMatch(/Cannot resume ".*results\.jsonl" with this job/);
  }
  const taken = await failureOf(submitText("[1]", { out, slave }));
  expect(taken.message).toMatch(/is not empty/);
  expect(await readFile(out, "utf8")).toBe(before);
  expect(rack.slaves[0]?.status().counts.completed).toBe(2);
});

test("submit() with an empty list of tasks needs no slave", async () => {
  const { done, isInterrupted } = await submitText("[]", { slave: ["127.0.0.1:1"] });
  expect({ done, isInterrupted }).toEqual({ done: 0, isInterrupted: false });
});

test("submit() stops while it looks for slaves, or waits for input", async () => {
  for (const options of [{ channel: 1 }, {}]) {
    const signal = AbortSignal.timeout(100);
    const slave = [`127.0.0.1:${await freePort()}`];
    const { isInterrupted, ms } = await submitText("1", { slave, ...options }, { signal });
    expect(isInterrupted).toBe(true);
    expect(ms).toBeLessThan(1_000);
  }
});

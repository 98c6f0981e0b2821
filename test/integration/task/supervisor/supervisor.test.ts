import { expect, test } from "bun:test";
import { Supervisor, type SupervisorOptions } from "../../../../src/task/supervisor/supervisor.ts";
import { Counting } from "./counting.ts";
import { thrownBy } from "../../../support/thrown-by.ts";
import { until } from "../../../support/until.ts";

const module = new URL("./counting.ts", import.meta.url);
const patient = { timeoutMs: 30_000 };

async function supervisor(names: string[], options: SupervisorOptions = {}): Promise<Supervisor> {
  const made = new Supervisor(options);
  for (const name of names) made.register({ module, exportName: "Counting", args: [name] });
  return await made.start();
}

test("recvAll() gives answers in the order of the requests, recv() in the order of their coming", async () => {
  await using all = await supervisor(["a", "b", "c"]);
  const sent = [0, 1, 2, 0].map((procId) => all.send({ procId, method: "step", args: [1] }));
  const answers = await all.recvAll(sent);
  expect(answers.map(({ data }) => data)).toEqual(["a 1", "b 1", "c 1", "a 2"]);
  expect(answers.map(({ reqId }) => reqId)).toEqual(sent.map(({ reqId }) => reqId));
  all.send({ procId: 0, method: "later", args: [1_500], reqId: "late" });
  all.send({ procId: 1, method: "step", args: [1], reqId: "soon" });
  expect((await all.recv()).reqId).toBe("soon");
  expect(await all.recv()).toEqual({
    procId: 0,
    reqId: "late",
    method: "later",
    data: "later",
    err: undefined,
  });
  expect(await all.broadcast("step", 10)).toEqual(["a 12", "b 12", "c 11"]);
  expect([await all.getChildAttr(2, "count"), await all.request(2, "step", 1)]).toEqual([
    11,
    "c 12",
  ]);
  const pids = new Set(await all.broadcast("pid"));
  expect([pids.size, pids.has(process.pid)]).toEqual([3, false]);
});

test("a method that throws is an answer with its error; a callback adds requests, which are waited for too", async () => {
  await using all = await supervisor(["a"]);
  const sent = ["fail", "nothing", "toString"].map((method) => all.send({ procId: 0, method }));
  const answers = await all.recvAll(sent, { ignoreErr: true });
  expect(answers.map(({ err }) => [err?.code, err?.message])).toEqual([
    ["task.failed", "as told"],
    ["usage.invalid-input", 'Cannot call "nothing": the child has no such'],
    ["usage.invalid-input", 'Cannot call "toString": the child has no such'],
  ]);
  const failing = all.send({ procId: 0, method: "fail" });
  expect(await thrownBy(all.recvAll([failing]))).toMatchObject({ message: "as told" });
  expect(await all.request(0, "step", 1)).toBe("a 1");

  let rounds = 0;
  const first = all.send({ procId: 0, method: "step", args: [1] });
  await all.recvAll([first], {
    callback: (_answer, remaining) => {
      if (++rounds === 5) return;
      const next = all.send({ procId: 0, method: "step", args: [1] });
      remaining.set(next.reqId, next);
    },
  });
  expect([rounds, await all.getChildAttr(0, "count")]).toEqual([5, 6]);
});

test("a child that dies is made again: the request under way fails, those that wait are done", async () => {
  await using all = await supervisor(["a"]);
  const methods = ["step", "die", "step"];
  const sent = methods.map((method) => all.send({ procId: 0, method, args: [1] }));
  const answers = await all.recvAll(sent, { ignoreErr: true });
  expect(answers.map(({ data, err }) => data ?? err?.code)).toEqual([
    "a 1",
    "worker.exited",
    "a 1",
  ]);
});

test("recvAll() times out a child that hangs; restart() ends it, and its late answer is nobody's", async () => {
  await using all = await supervisor(["a", "b"]);
  const sent = [all.send({ procId: 0, method: "hang" }), all.send({ procId: 1, method: "pid" })];
  const seen: string[] = [];
  const answers = await all.recvAll(sent, {
    ignoreErr: true,
    timeoutMs: 2_000,
    callback: ({ method, err }) => void seen.push(`${method} ${err?.code}`),
  });
  expect(answers.map(({ err }) => err?.code)).toEqual(["wait.timeout", undefined]);
  expect(seen).toEqual(["pid undefined", "hang wait.timeout"]);
  await all.restart(0);
  expect(await all.request(0, "step", 5)).toBe("a 5");
  expect(await thrownBy(all.recv({ timeoutMs: 20 }))).toMatchObject({ code: "wait.timeout" });
  const again = all.send({ procId: 0, method: "later", args: [60_000] });
  expect(await thrownBy(all.recvAll([again], { timeoutMs: 20 }))).toMatchObject({
    code: "wait.timeout",
  });
  await all.restart(0); // else the end would wait for it
});

test("a child that dies too often is given up, until restart()", async () => {
  await using all = await supervisor(["a"], { restart: { maxRestarts: 1 } });
  const sent = [1, 2, 3].map(() => all.send({ procId: 0, method: "die" }));
  const answers = await all.recvAll(sent, { ignoreErr: true });
  expect(answers.map(({ err }) => err?.code)).toEqual(Array(3).fill("worker.exited"));
  expect(answers[2]?.err?.message).toMatch(/^Cannot ask child 0: it died 2 times: .* SIGKILL/);
  await all.restart(0);
  expect(await all.request(0, "step", 1)).toBe("a 1");
});

test("start() fails with what a child cannot be made of, and leaves none behind", async () => {
  expect(await thrownBy(supervisor(["a", "impossible"]))).toMatchObject({ message: "I cannot be" });
  const nowhere = new Supervisor();
  nowhere.register({ module: "./nowhere.ts" });
  expect(await thrownBy(nowhere.start())).toMatchObject({ code: "plugin.not-found" });
  const nothing = new Supervisor();
  nothing.register({ module, exportName: "nothing" });
  expect(await thrownBy(nothing.start())).toMatchObject({ code: "plugin.invalid" });
});

test("sharedBytes: typed arrays come whole through shared memory, other results too", async () => {
  await using all = new Supervisor();
  const spec = { module, exportName: "makeCounting", args: ["x"], sharedBytes: 1024 * 1024 };
  all.register(spec);
  all.register({ ...spec, sharedBytes: 4_096 }); // too little: what does not fit is sent
  await all.start();
  for (const procId of [0, 1]) {
    const frames = [3, 4].map((fill) => all.send({ procId, method: "frame", args: [fill] }));
    const answers = await all.recvAll(frames);
    for (const [at, { data }] of answers.entries()) {
      const { pixels, more } = data as { pixels: Uint8Array; more: unknown[] };
      const fill = at + 3;
      expect(pixels).toEqual(new Uint8Array(600_000).fill(fill));
      expect(more).toEqual([new Float32Array(2_000).fill(fill), "text", new Uint8Array(3)]);
    }
    expect(await all.request(procId, "step", 1)).toBe("made x 1");
  }
});

test("a function makes a child in this process, with the same rules", async () => {
  const ended: string[] = [];
  class Local extends Counting {
    close(): void {
      ended.push(this.name);
    }
  }
  const all = new Supervisor();
  all.register(() => new Local("here"));
  await all.start();
  expect(await all.request(0, "step", 2)).toBe("here 2");
  expect(await all.request(0, "pid")).toBe(process.pid);
  expect(await thrownBy(all.request(0, "fail"))).toMatchObject({ code: "task.failed" });
  await all.restart(0);
  expect(await all.request(0, "step", 2)).toBe("here 2");
  await all.close();
  expect(ended).toEqual(["here"]);
});

test("close() lets children finish what they were asked; 1,000 requests are quickly done", async () => {
  const all = await supervisor(["a"]);
  const sent = Array.from({ length: 1_000 }, () =>
    all.send({ procId: 0, method: "step", args: [1] }),
  );
  const answers = all.recvAll(sent);
  await all.close(30_000);
  expect((await answers).at(-1)?.data).toBe("a 1000");
  expect(() => all.send({ procId: 0, method: "step" })).toThrow("Cannot send");
});

test("send() refuses what is too much, and children that are not there", async () => {
  await using all = await supervisor(["a"], { limit: 2 });
  const send = () => all.send({ procId: 0, method: "later", args: [60_000] });
  send();
  await until(() => thrownSync(send)?.code === "queue.full", patient);
  expect(thrownSync(() => all.send({ procId: 7, method: "step" }))?.code).toBe(
    "usage.invalid-input",
  );
  await all.close(0);
});

function thrownSync(run: () => unknown): { code?: string } | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error as { code?: string };
  }
}

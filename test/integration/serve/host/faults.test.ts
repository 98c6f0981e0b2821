import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { silentLogger } from "../../../../src/core/log.ts";
import type { Server } from "../../../../src/serve/server.ts";
import { modelFixture, predict, startServer } from "../../../support/serve.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { until } from "../../../support/until.ts";

const JOBS = modelFixture("jobs.ts");

/** A worker has a batch: whoever asks now waits behind it. */
async function untilBusy(server: Server): Promise<void> {
  const workers = () => server.facts().models[0]?.workers ?? [];
  await until(() => workers().some(({ state }) => state === "busy"), { what: "a batch that runs" });
}

async function untilIdle(server: Server, count: number): Promise<void> {
  const workers = () => server.facts().models[0]?.workers ?? [];
  await until(() => workers().filter(({ state }) => state === "idle").length === count, {
    what: "all workers again",
  });
}

describe("a worker that dies", () => {
  test("its innocent items run again elsewhere; the one that kills fails alone and says why", async () => {
    const told: string[] = [];
    const log = { ...silentLogger, error: (message: string) => void told.push(message) };
    await using server = await startServer({ plugin: JOBS, workers: 2, batchTimeoutMs: 20, log });
    const good = Array.from({ length: 12 }, (_, index) => predict(server.url, { echo: index }));
    const bad = predict(server.url, { exit: true });
    const more = Array.from({ length: 12 }, (_, index) =>
      predict(server.url, { echo: 100 + index }),
    );
    const answers = await Promise.all([...good, ...more]);
    expect(answers.map(({ status }) => status)).toEqual(Array(24).fill(200));
    expect(answers.map(({ body }) => body["output"])).toEqual([
      ...Array.from({ length: 12 }, (_, index) => index),
      ...Array.from({ length: 12 }, (_, index) => 100 + index),
    ]);
    const { status, body } = await bad;
    expect(status).toBe(500);
    expect(JSON.stringify(body)).toContain(
      "exited with code 3 while it had this item, 2 times in a row",
    );
    expect(told).toEqual([
      'model "jobs" failed: The worker process exited with code 3 while it had this item, 2 times in a row',
    ]);
    await untilIdle(server, 2);
  });

  test("SIGSTOP of every worker: who asks waits no longer than it takes to see that", async () => {
    await using server = await startServer({ plugin: JOBS, workers: 2, batchSize: 4 });
    const pids = (): number[] => server.facts().models[0]?.workers.map(({ pid }) => pid) ?? [];
    const stopped = pids();
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
    const signal = AbortSignal.timeout(15_000);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, echo) => {
        const body = JSON.stringify({ input: { echo } });
        const response = await fetch(`${server.url}/predict`, { method: "POST", body, signal });
        return response.json();
      }),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, output) => ({ output })));
    expect(pids().filter((pid) => stopped.includes(pid))).toEqual([]);
  });

  test("kill -9 of every worker: what waits is answered by their successors", async () => {
    await using folder = await tempFolder();
    await using server = await startServer({ plugin: JOBS, workers: 2, batchSize: 4 });
    const mark = folder.file("marks");
    const asked = Array.from({ length: 40 }, (_, index) =>
      predict(server.url, { echo: index, waitMs: 20, ...(index === 0 && { mark }) }),
    );
    await until(async () => (await readFile(mark, "utf8").catch(() => "")) !== "", {
      what: "a batch",
    });
    for (const { pid } of server.facts().models[0]?.workers ?? []) process.kill(pid, "SIGKILL");
    const answers = await Promise.all(asked);
    expect(answers.map(({ body }) => body["output"])).toEqual(
      Array.from({ length: 40 }, (_, at) => at),
    );
  });

  test("and whose successors are killed as they start, loses nothing: the next one answers", async () => {
    await using server = await startServer({ plugin: JOBS, workers: 1 });
    const pids = new Set<number>();
    const killNext = async () => {
      const pid = await until(
        () =>
          server
            .facts()
            .models[0]?.workers.map((one) => one.pid)
            .find((one) => !pids.has(one)),
        { what: "a worker that was not killed yet" },
      );
      pids.add(pid);
      process.kill(pid, "SIGKILL");
    };
    await killNext();
    const asked = predict(server.url, { echo: "here" });
    for (let start = 0; start < 3; start++) await killNext();
    expect(await asked).toMatchObject({ status: 200, body: { output: "here" } });
  });

  test("a list that runs in several batches loses nothing when all its workers die at once", async () => {
    await using server = await startServer({ plugin: JOBS, workers: 2, batchSize: 5 });
    const inputs = Array.from({ length: 10 }, (_, index) => ({ echo: index, waitMs: 300 }));
    const asked = fetch(`${server.url}/predict`, {
      method: "POST",
      body: JSON.stringify({ inputs }),
    });
    const workersNow = () => server.facts().models[0]?.workers ?? [];
    await until(() => workersNow().filter(({ state }) => state === "busy").length === 2, {
      what: "a batch with each worker",
    });
    for (const { pid } of workersNow()) process.kill(pid, "SIGKILL");
    const outputs = inputs.map(({ echo }) => echo);
    expect(await (await asked).json()).toEqual({ outputs });
  });

  test.each([
    [{ exit: true }, 500, "exited with code 3 while it had this item, 2 times in a row"],
    [{ spin: true }, 504, "The batch ran longer than 1000 ms"],
  ])("of a list with %p the item that does it is named", async (item, status, why) => {
    const options = { workers: 2, batchSize: 8, predictTimeoutMs: 1_000 };
    await using server = await startServer({ plugin: JOBS, ...options, logLevel: "silent" });
    const inputs = [{ echo: 0 }, { echo: 1 }, item, { echo: 3 }];
    const answer = await fetch(`${server.url}/predict`, {
      method: "POST",
      body: JSON.stringify({ inputs }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      status,
      {
        data: { error: { message: expect.stringContaining(why) as string, details: { item: 2 } } },
      },
    ]);
  });

  test("a batch that takes longer than predictTimeoutMs ends its worker; only the item that spins fails, with 504", async () => {
    await using server = await startServer({
      plugin: JOBS,
      workers: 1,
      batchTimeoutMs: 20,
      predictTimeoutMs: 1_000,
    });
    const asked = [{ echo: 1 }, { spin: true }, { echo: 2 }].map((item) =>
      predict(server.url, item),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual([200, 504, 200]);
  });

  test("an item that was alone when predictTimeoutMs ended it is not run again: 504 after one timeout", async () => {
    await using folder = await tempFolder();
    const told: string[] = [];
    const log = { ...silentLogger, warn: (message: string) => void told.push(message) };
    const options = { plugin: JOBS, workers: 2, predictTimeoutMs: 1_000, log };
    await using server = await startServer(options);
    const mark = folder.file("mark");
    const { status, body } = await predict(server.url, { spin: true, mark });
    expect(status).toBe(504);
    expect(JSON.stringify(body)).toContain("The batch ran longer than 1000 ms");
    expect(await readFile(mark, "utf8")).toBe("x\n");
    expect(told.filter((message) => message.includes("ran longer"))).toEqual([
      expect.stringMatching(
        /^model "jobs": The batch ran longer than 1000 ms: worker w[01] is replaced$/,
      ) as string,
    ]);
    await untilIdle(server, 2);
  });

  test("and finds another model in its file is not replaced by that: who asks hears that the file has changed", async () => {
    await using folder = await tempFolder();
    const modelOf = (name: string): string => `export default {
      input: { ${name}: { datatype: "INT32", shape: [-1] } },
      output: { ${name}: { datatype: "INT32", shape: [-1] } },
      predict: (_model, inputs) => inputs,
    };`;
    const plugin = await folder.write("model.ts", modelOf("x"));
    await using server = await startServer({ plugin, workers: 1, logLevel: "silent" });
    expect((await predict(server.url, { x: 1 })).status).toBe(200);
    await folder.write("model.ts", modelOf("y"));
    process.kill(server.facts().models[0]?.workers[0]?.pid ?? 0, "SIGKILL");
    await until(() => server.facts().models[0]?.facts.reason.includes("the file has changed"), {
      what: "word of the change",
      timeoutMs: 20_000,
    });
    const { status, body } = await predict(server.url, { x: 1 });
    expect([status, JSON.stringify(body)]).toEqual([
      503,
      expect.stringContaining("the file has changed") as string,
    ]);
    await server.reload();
    expect((await predict(server.url, { y: 1 })).body).toEqual({ output: { y: [1] } });
  });
});

describe("a bad item", () => {
  test("fails alone, the others of its batch are answered", async () => {
    await using server = await startServer({ plugin: JOBS, batchSize: 8, batchTimeoutMs: 50 });
    const asked = Array.from({ length: 8 }, (_, index) =>
      predict(server.url, index === 5 ? { throw: "no such word" } : { echo: index }),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 500, 200, 200]);
    expect(JSON.stringify(answers[5]?.body)).toContain("no such word");
  });

  test("takes the rest of its list with it: what nobody will hear does not run", async () => {
    await using folder = await tempFolder();
    await using server = await startServer({ plugin: JOBS, batchSize: 1 });
    const mark = folder.file("mark");
    const inputs = [{ throw: "no such word" }, ...Array.from({ length: 8 }, () => ({ mark }))];
    const response = await fetch(`${server.url}/predict`, {
      method: "POST",
      body: JSON.stringify({ inputs }),
    });
    expect(response.status).toBe(500);
    expect((await predict(server.url, { echo: 1 })).status).toBe(200);
    expect(server.facts().models[0]?.queuedRows).toBe(0);
    expect(await readFile(mark, "utf8").catch(() => "never ran")).toBe("never ran");
  });
});

describe("limits", () => {
  test("over queueLimit the answer is 429 with Retry-After, and nothing that was taken is lost", async () => {
    await using server = await startServer({ plugin: JOBS, batchSize: 1, queueLimit: 3 });
    const first = predict(server.url, { waitMs: 1_000, echo: "first" });
    await untilBusy(server);
    const rest = await Promise.all(
      Array.from({ length: 8 }, (_, index) => predict(server.url, { echo: index })),
    );
    const statuses = rest.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(3);
    const refused = rest.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(1);
    for (const { headers } of refused)
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await first).body["output"]).toBe("first");
  });

  test("timeoutMs: late items leave the queue before they run", async () => {
    await using folder = await tempFolder();
    await using server = await startServer({ plugin: JOBS, batchSize: 1 });
    const mark = folder.file("mark");
    const first = predict(server.url, { waitMs: 1_000 });
    await untilBusy(server);
    const late = await predict(server.url, { mark }, { timeoutMs: 50 });
    expect(late.status).toBe(504);
    await first;
    expect((await predict(server.url, { echo: 1 })).status).toBe(200);
    expect(await readFile(mark, "utf8").catch(() => "never ran")).toBe("never ran");
  });

  test("ctx.signal aborts when nobody waits for a batch that runs, and its worker is left alive", async () => {
    await using folder = await tempFolder();
    const plugin = await folder.write(
      "waits.ts",
      `import { once } from "node:events";
       export default async (inputs, { signal }) => {
         if (inputs.includes("wait")) await once(signal, "abort");
         return inputs.map(() => process.pid);
       };`,
    );
    await using server = await startServer({ plugin, workers: 1 });
    const { pid } = server.facts().models[0]?.workers[0] ?? {};
    const late = await predict(server.url, "wait", { timeoutMs: 50 });
    expect(late.status).toBe(504);
    expect((await predict(server.url, "next")).body).toEqual({ output: pid });
  });

  test("a client that goes takes its item with it", async () => {
    await using folder = await tempFolder();
    await using server = await startServer({ plugin: JOBS, batchSize: 1 });
    const mark = folder.file("mark");
    const first = predict(server.url, { waitMs: 1_000 });
    await untilBusy(server);
    const leaving = new AbortController();
    const gone = fetch(`${server.url}/predict`, {
      method: "POST",
      body: JSON.stringify({ input: { mark } }),
      signal: leaving.signal,
    }).catch(() => "gone");
    await until(() => server.facts().models[0]?.queuedRows === 1, { what: "an item that waits" });
    leaving.abort();
    expect(await gone).toBe("gone");
    await until(() => server.facts().models[0]?.queuedRows === 0, { what: "an empty queue" });
    await first;
    expect((await predict(server.url, { echo: 1 })).status).toBe(200);
    expect(await readFile(mark, "utf8").catch(() => "never ran")).toBe("never ran");
  });
});

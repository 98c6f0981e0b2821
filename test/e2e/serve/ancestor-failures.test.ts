import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client } from "../../../src/serve/client/client.ts";
import { ding } from "../../support/ding.ts";
import { modelFixture, startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";

/** In the ancestor's steps: numbers and lists of numbers, all of one length. */
const STEPS = `import { HardWorker } from "ding";
export class Worker extends HardWorker {
  async getEnv() { return []; }
  getPreprocess() {
    return (batch: any[]) => {
      if (batch.includes("preprocess")) throw new Error("cannot preprocess");
      return batch;
    };
  }
  getModel() { return {}; }
  async predict(_model: unknown, inputs: any[]) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (inputs.includes("predict")) throw new Error("cannot predict");
    if (inputs.includes("short")) return inputs.filter((input) => input !== "short");
    const lists = inputs.filter(Array.isArray);
    if (lists.some((list) => list.length !== lists[0].length)) throw new Error("shapes differ");
    return inputs.map((input) => ["out", input]);
  }
}
`;
const TYPED = `import { defineModel } from "ding";
import { z } from "zod";
export default defineModel({ input: z.number(), predict: (_model, inputs) => inputs });
`;

let folder: TempFolder;
let server: StartedServe;

beforeAll(async () => {
  folder = await tempFolder();
  await folder.write("steps.ts", STEPS);
  await folder.write("typed.ts", TYPED);
  const models = ["steps.Worker", "typed.ts", "-p", `jobs=${modelFixture("jobs.ts")}`];
  const words = ["--workers=2", "--batch-size=16", "--batch-timeout-ms=50"];
  server = await startServe([...models, ...words], { cwd: folder.path });
});

afterAll(async () => {
  expect((await server.stop()).code).toBe(0);
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** One item each, all at the same time; outputs, and of what failed the words. */
async function encodeAll(client: Client, items: unknown[]): Promise<unknown[]> {
  return Promise.all(
    items.map((item) => client.encode(item).catch((error: unknown) => String(error))),
  );
}

const INNOCENT = Array.from({ length: 8 }, (_, index) => index);
const ANSWERED = INNOCENT.map((index) => ["out", index]);

test("the ancestor's failure 4: an identity with # and other signs is served as any other", async () => {
  for (const identity of ["a#b", "#", "ü ✓/?&=\u2028", "x".repeat(200)]) {
    await using client = new Client({ ip: server.address, identity, model: "steps" });
    expect(await client.encode(1, { requestId: "no#number" })).toEqual(["out", 1]);
  }
});

test("the ancestor's failure 5: an odd request id, and frames that are none, leave the server as it was", async () => {
  await using client = new Client({ ip: server.address, model: "steps" });
  for (const requestId of ["-1", "SHOW_CONFIG", "9".repeat(100), "é\n"]) {
    expect(await client.encode(1, { requestId })).toEqual(["out", 1]);
  }
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/serve/session`);
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
  socket.addEventListener("open", () => {
    for (const frame of ["a", "b", "c"]) socket.send(frame);
  });
  await closed;
  expect(await client.serverStatus()).toMatchObject({ ready: true });
});

test("the ancestor's failure 6: a pickle runs no code, it is refused or is bytes like any others", async () => {
  const mark = folder.file("pwned");
  const pickle = Buffer.from(`cos\nsystem\n(S'touch ${mark}'\ntR.`);
  for (const path of ["/predict", "/encode_json", "/v2/models/steps/infer"]) {
    for (const type of [
      "application/octet-stream",
      "application/python-pickle",
      "application/json",
    ]) {
      const headers = { "Content-Type": type };
      const url = `${server.url}${path}?model=steps`;
      const { status } = await fetch(url, { method: "POST", body: pickle, headers });
      expect([path, type, status]).toEqual([path, type, expect.any(Number)]);
      expect([400, 415]).toContain(status);
    }
  }
  await using client = new Client({ ip: server.address, model: "steps" });
  expect(await client.encode(new Uint8Array(pickle))).toEqual(["out", new Uint8Array(pickle)]);
  expect(existsSync(mark)).toBe(false);
});

test("the ancestor's failure 7: commands of the ancestor are data like any other, nobody stops the server by them", async () => {
  await using client = new Client({ ip: server.address, model: "steps" });
  for (const command of ["TERMINATION", "SHOW_CONFIG", "EXPAND_WORKER"]) {
    const bytes = new TextEncoder().encode(command);
    expect(await client.encode(bytes)).toEqual(["out", bytes]);
    expect(await client.encode(command)).toEqual(["out", command]);
  }
});

test("the ancestor's failure 8: an item that cannot be read fails alone, the 8 of its batch are answered", async () => {
  await using client = new Client({ ip: server.address, model: "typed" });
  const outputs = await encodeAll(client, [...INNOCENT, "no number"]);
  expect(outputs).toEqual([...INNOCENT, expect.stringContaining("number")]);
});

test("the ancestor's failure 9: preprocess that throws, and shapes that differ, leave the others their answers", async () => {
  await using client = new Client({ ip: server.address, model: "steps" });
  const outputs = await encodeAll(client, [...INNOCENT, "preprocess"]);
  expect(outputs).toEqual([...ANSWERED, expect.stringContaining("cannot preprocess")]);
  // None of them is wrong by itself: in halves each of them runs.
  expect(await encodeAll(client, [[1], [1, 2], [1, 2, 3]])).toEqual([
    ["out", [1]],
    ["out", [1, 2]],
    ["out", [1, 2, 3]],
  ]);
});

test("the ancestor's failure 10: predict that throws for one item fails that one, without a stack or what others sent", async () => {
  await using client = new Client({ ip: server.address, model: "steps" });
  const secret = "what another one sent";
  const outputs = await encodeAll(client, [...INNOCENT, secret, "predict"]);
  expect(outputs.slice(0, -1)).toEqual([...ANSWERED, ["out", secret]]);
  expect(outputs.at(-1)).toContain("cannot predict");
  expect(outputs.at(-1)).not.toMatch(/another one|steps\.ts|\n\s+at /);
  // Nobody knows whose output is missing; alone, or with the other one.
  const [, short] = await encodeAll(client, [secret, "short"]);
  expect(short).toMatch(/0 for 1 item|1 for 2 items/);
  expect(short).not.toContain("another one");
});

test("the ancestor's failure 11: what cannot start says so and ends, be it the model, the port or the GPU", async () => {
  const broken = await folder.write("broken.ts", "throw new Error('no such weights');");
  const rows: [words: string[], code: number, said: string][] = [
    [[broken, "--port=0"], 1, "no such weights"],
    [["typed.ts", `--port=${server.port}`], 1, `Cannot listen on ${server.address}`],
    [["typed.ts", "--port=0", "--device-map=0"], 2, "this machine has no such GPU"],
  ];
  const env = { PATH: "/nowhere" };
  for (const [words, code, said] of rows) {
    const result = await ding(["serve", ...words], { runtime: "binary", cwd: folder.path, env });
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(said)]);
  }
});

test("the ancestor's failure 12: clients that ask as soon as they are there are all answered", async () => {
  const clients = Array.from(
    { length: 60 },
    () => new Client({ ip: server.address, model: "steps", ignoreAllChecks: true }),
  );
  const answers = await Promise.all(clients.map((client, index) => client.encode(index)));
  await Promise.all(clients.map((client) => client.close()));
  expect(answers).toEqual(answers.map((_, index) => ["out", index]));
});

test("the ancestor's failure 13: 3,000 items of 100 KB, all sent before the first is fetched, all come back", async () => {
  await using client = new Client({ ip: server.address, model: "jobs" });
  const count = 3_000;
  const data = new Uint8Array(100_000);
  const sent = Array.from({ length: count }, (_, index) =>
    client.encode({ echo: index, data }, { blocking: false }),
  );
  await Promise.all(sent);
  const answers = await client.fetchAll({ sort: true });
  expect(answers).toEqual(Array.from({ length: count }, (_, index) => index));
});

test("the ancestor's failure 17: what a client gives up leaves the queue, and never runs", async () => {
  await using client = new Client({ ip: server.address, model: "jobs" });
  const mark = folder.file("marks");
  // Behind short batches the next ones lie ready in the workers; these must not run either.
  for (let index = 0; index < 20; index++) await client.encode({ echo: index });
  const holders = [
    client.encode({ echo: 1, waitMs: 1_500, mark }),
    client.encode({ echo: 2, waitMs: 1_500 }),
  ];
  await until(() => existsSync(mark), { timeoutMs: 20_000, what: "the first batch" });
  const late = folder.file("late");
  const given = Array.from({ length: 60 }, () =>
    thrownBy(client.encode({ mark: late, waitMs: 1_500 }, { timeoutMs: 300 })),
  );
  const errors = await Promise.all(given);
  expect(errors.map((error) => (error as { code?: string }).code)).toEqual(
    Array(60).fill("task.timed-out"),
  );
  await Promise.all(holders);
  expect(await client.encode({ echo: "next" })).toBe("next");
  const ran = existsSync(late) ? (await readFile(late, "utf8")).split("\n").length - 1 : 0;
  // Those that were in a batch before their time was up: one in each worker.
  expect(ran).toBeLessThanOrEqual(32);
});

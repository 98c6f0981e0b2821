import { expect, test } from "bun:test";
import type { Server } from "../../../../src/serve/server.ts";
import { startServer } from "../../../support/serve.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { until } from "../../../support/until.ts";

/** A batch of these is longer than any message between processes may be; one alone is not. */
const LONG = 8_000_000;
const COUNT = 12;

/** Gives texts as long as it is told, and says how long those are that it gets; a "gate" holds up whoever comes after it. */
const PLUGIN = `
let runs = 0;
export default async (inputs) => {
  runs += inputs.length;
  if (inputs[0] === "gate") await new Promise((resolve) => setTimeout(resolve, 300));
  return inputs.map((item) => {
    if (item === "runs") return runs;
    return typeof item === "number" ? "x".repeat(item) : item.length;
  });
};
`;

const TENSORS = `
export default {
  input: { n: { datatype: "INT32", shape: [-1, 1] } },
  output: { y: { datatype: "UINT8", shape: [-1, ${LONG}] } },
  predict: (_model, inputs) => inputs.map(({ n }) => ({ y: new Uint8Array(${LONG}).fill(n[0]) })),
};
`;

async function asked({ url }: Server, body: unknown): Promise<unknown> {
  const response = await fetch(`${url}/predict`, { method: "POST", body: JSON.stringify(body) });
  const { output, outputs, message } = (await response.json()) as Record<string, unknown>;
  return response.ok ? (output ?? outputs) : message;
}

async function start(plugin: string): Promise<Server & AsyncDisposable> {
  return startServer({ plugin, batchSize: 16, workers: 1, logLevel: "silent" });
}

/** Whoever asks now waits, and goes in one batch with the others. */
async function behindGate<T>(server: Server, ask: () => Promise<T>[]): Promise<T[]> {
  const gate = asked(server, { input: "gate" });
  await until(() => server.facts().models[0]?.workers[0]?.state === "busy", { what: "the gate" });
  const answers = await Promise.all(ask());
  await gate;
  return answers;
}

test("items whose answers no message would hold together are answered, and none of them runs twice", async () => {
  await using folder = await tempFolder();
  await using server = await start(await folder.write("texts.ts", PLUGIN));
  const answers = await behindGate(server, () =>
    Array.from({ length: COUNT }, (_, index) => asked(server, { input: LONG + index })),
  );
  expect(answers.map((text) => String(text).length)).toEqual(
    Array.from({ length: COUNT }, (_, index) => LONG + index),
  );
  expect(await asked(server, { input: "runs" })).toBe(COUNT + 2);
});

test("items that no message would hold together run in several batches", async () => {
  await using folder = await tempFolder();
  await using server = await start(await folder.write("texts.ts", PLUGIN));
  const answers = await behindGate(server, () =>
    Array.from({ length: COUNT }, (_, index) => asked(server, { input: "y".repeat(LONG + index) })),
  );
  expect(answers).toEqual(Array.from({ length: COUNT }, (_, index) => LONG + index));
});

test("a list whose answer no message would hold is answered in its order; an item that none holds fails alone", async () => {
  await using folder = await tempFolder();
  await using server = await start(await folder.write("texts.ts", PLUGIN));
  const sizes = Array.from({ length: COUNT }, (_, index) => LONG + index);
  const outputs = (await asked(server, { inputs: sizes })) as string[];
  expect(outputs.map(({ length }) => length)).toEqual(sizes);
  const [short, long] = await behindGate(server, () =>
    [5, 70_000_000].map((input) => asked(server, { input })),
  );
  expect([short, long]).toEqual(["xxxxx", expect.stringContaining("Cannot send answer: ")]);
});

test("tensors whose rows no message would hold together are answered", async () => {
  await using folder = await tempFolder();
  await using server = await start(await folder.write("tensors.ts", TENSORS));
  const rows = await Promise.all(
    Array.from({ length: COUNT }, async (_, index) => {
      const response = await fetch(`${server.url}/v2/models/tensors/infer`, {
        method: "POST",
        body: JSON.stringify({
          inputs: [{ name: "n", datatype: "INT32", shape: [1, 1], data: [index] }],
          parameters: { binary_data_output: true },
        }),
      });
      return (await response.bytes()).subarray(-2);
    }),
  );
  expect(rows).toEqual(Array.from({ length: COUNT }, (_, index) => Uint8Array.of(index, index)));
});

import { expect, test } from "bun:test";
import type { Server } from "../../../../src/serve/server.ts";
import { startServer } from "../../../support/serve.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

/** Takes one number, and not 13. */
const PLUGIN = `
export default {
  input: { a: { datatype: "FP32", shape: [-1, 1] } },
  predict: (_model, inputs) => inputs.map(({ a }) => {
    if (a[0] === 13) throw new Error("no luck");
    return { a };
  }),
};
`;

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly details?: Record<string, unknown>;
}

async function refused({ url }: Server, body: unknown): Promise<Refusal> {
  const response = await fetch(`${url}/predict`, { method: "POST", body: JSON.stringify(body) });
  const { data } = (await response.json()) as { data: { error: Omit<Refusal, "status"> } };
  return { status: response.status, ...data.error };
}

function list(length: number, at: number, bad: unknown): { inputs: unknown[] } {
  return { inputs: Array.from({ length }, (_, index) => ({ a: index === at ? bad : 1 })) };
}

test("a bad item in a list is told with its place there, also when it runs in several batches", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("one.ts", PLUGIN);
  await using server = await startServer({ plugin, batchSize: 4, logLevel: "silent" });
  const places = [
    [1, 0],
    [2, 1],
    [3, 0],
    [10, 2],
    [9, 8],
  ] as const;
  for (const [length, at] of places) {
    const { status, message, details } = await refused(server, list(length, at, "x"));
    const path = `inputs[${at}].a`;
    expect(status).toBe(400);
    expect(message).toBe(`Cannot use input: "${path}": "x" is no FP32`);
    expect(details).toMatchObject({ faults: [{ path }], ...(length > 1 && { item: at }) });
  }
  for (const at of [1, 7]) {
    const thrown = await refused(server, list(9, at, 13));
    expect(thrown).toMatchObject({ status: 500, message: "no luck", details: { item: at } });
  }
  const none = await refused(server, { inputs: [{ a: 1 }, null] });
  expect(none.message).toStartWith('Cannot use input: "inputs[1]": an object with "a" is needed');
  const single = await refused(server, { input: { a: "x" } });
  expect(single.message).toBe('Cannot use input: "a": "x" is no FP32');
});

test("a version that is not there is told of the one model, where nobody named it", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("one.ts", PLUGIN);
  await using server = await startServer({ plugin, logLevel: "silent" });
  const response = await fetch(`${server.url}/encode_json?version=9`, {
    method: "POST",
    body: "1",
  });
  expect([response.status, await response.json()]).toMatchObject([
    404,
    { message: 'Cannot find version "9" of model "one"' },
  ]);
});

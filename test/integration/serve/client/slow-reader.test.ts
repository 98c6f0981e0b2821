import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { Client } from "../../../../src/serve/client/client.ts";
import { startServer } from "../../../support/serve.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PIECES = 600;

/** Streams 60 MB, and says in a file how far it is. */
const PLUGIN = `
import { writeFileSync } from "node:fs";
export default {
  async *generate(_model, { file }) {
    const bytes = new Uint8Array(100_000);
    for (let index = 0; index < ${PIECES}; index++) {
      writeFileSync(file, String(index));
      yield { index, bytes };
    }
  },
  predict: (_model, inputs) => inputs,
};
`;

test("stream(): a reader that pauses loses nothing, and holds up its generator, but no other stream of its session", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("model.ts", PLUGIN);
  await using server = await startServer({ plugin, workers: 2 });
  await using client = new Client({ port: server.port });
  const slow = client.stream<{ index: number }>({ file: folder.file("slow") });
  expect((await slow.next()).value).toMatchObject({ index: 0 });
  const fast: number[] = [];
  for await (const { index } of client.stream<{ index: number }>({ file: folder.file("fast") })) {
    fast.push(index);
  }
  expect(fast).toEqual(Array.from({ length: PIECES }, (_, index) => index));
  expect(await client.encode("beside it")).toBe("beside it");
  expect(Number(await readFile(folder.file("slow"), "utf8"))).toBeLessThan(PIECES / 2);
  const rest: number[] = [];
  for await (const { index } of slow) rest.push(index);
  expect(rest).toEqual(Array.from({ length: PIECES - 1 }, (_, index) => index + 1));
});

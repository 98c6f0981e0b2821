import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { startServer } from "../../../support/serve.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PIECES = 600;

/** Streams 60 MB, and says in a file how far it is. */
const PLUGIN = `
import { writeFileSync } from "node:fs";
export default {
  async *generate(_model, { file }) {
    const text = "x".repeat(100_000);
    for (let index = 0; index < ${PIECES}; index++) {
      writeFileSync(file, String(index));
      yield { index, text };
    }
  },
};
`;

function ask(url: string, file: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const body = JSON.stringify({ file });
  socket.write(
    "POST /v2/models/model/generate_stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

/** How many pieces come, and whether the last event is an error. */
async function readAll(socket: Socket): Promise<{ pieces: number; error: string }> {
  let [pieces, last] = [0, ""];
  for await (const chunk of socket) {
    const text = last.slice(-20) + (chunk as Buffer).toString("latin1");
    pieces += text.split('"index":').length - 1 - (last.slice(-20).split('"index":').length - 1);
    last = text;
  }
  return { pieces, error: /"error":.*/.exec(last)?.[0] ?? "" };
}

test("generate_stream: a reader that pauses loses nothing, its generator waits, and a fast one beside it is not held up", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("model.ts", PLUGIN);
  await using server = await startServer({ plugin, workers: 2 });
  const slow = ask(server.url, folder.file("slow"));
  await new Promise((resolve) => slow.once("data", resolve));
  slow.pause();
  const fast = await readAll(ask(server.url, folder.file("fast")));
  expect(fast).toEqual({ pieces: PIECES, error: "" });
  expect(Number(await readFile(folder.file("slow"), "utf8"))).toBeLessThan(PIECES - 1);
  expect((await readAll(slow)).error).toBe("");
  expect(await readFile(folder.file("slow"), "utf8")).toBe(String(PIECES - 1));
});

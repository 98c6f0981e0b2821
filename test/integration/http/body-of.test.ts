import { expect, test } from "bun:test";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { bodyOf } from "../../../src/http/body-of.ts";
import { listenHttp, type ListeningApp } from "../../../src/http/listen.ts";

const SIZES = [0, 1_000, 15_359, 15_360, 36_000, 1_000_000];
const LARGEST = 1_000_000;

/** Answers /N with N bytes, of which the first ten are a part of their own. */
function listen(answer: (request: Request) => BodyInit | Promise<BodyInit>): Promise<ListeningApp> {
  const app = { fetch: async (request: Request) => new Response(await answer(request)) };
  return listenHttp(app, { host: "127.0.0.1", port: 0, token: undefined });
}

function answerOf({ url }: Request): BodyInit {
  const bytes = bytesOf(Number(new URL(url).pathname.slice(1)));
  return bodyOf([bytes.subarray(0, 10), bytes.subarray(10)]);
}

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at % 251);
}

async function ask(port: number, version: string, path: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/${version}\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  return socket;
}

test("bodyOf() gives answers of any size whole, and with their length", async () => {
  await using server = await listen(answerOf);
  for (const size of SIZES) {
    const answer = await fetch(new URL(`/${size}`, server.url));
    expect(answer.headers.get("content-length")).toBe(String(size));
    expect(Buffer.compare(await answer.bytes(), bytesOf(size))).toBe(0);
  }
});

test("bodyOf() gives texts by their bytes", async () => {
  const texts = ["", "é", "é".repeat(14_000), "é".repeat(20_000)];
  await using server = await listen(({ url }) => bodyOf(texts[Number(url.at(-1))] ?? ""));
  for (const [index, text] of texts.entries()) {
    const answer = await fetch(new URL(`/${index}`, server.url));
    expect(await answer.text()).toBe(text);
    expect(answer.headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
  }
});

test("bodyOf() gives clients of HTTP/1.0 their bytes, and those that read late", async () => {
  await using server = await listen(answerOf);
  const socket = await ask(server.port, "1.0", `/${LARGEST}`);
  socket.pause();
  const other = await fetch(new URL("/36000", server.url));
  expect((await other.bytes()).length).toBe(36_000);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    const got = Buffer.concat(chunks);
    const head = got.indexOf("\r\n\r\n");
    if (head >= 0 && got.length >= head + 4 + LARGEST) break;
  }
  const got = Buffer.concat(chunks);
  const head = got.indexOf("\r\n\r\n");
  expect(got.subarray(0, head).toString()).toMatch(/content-length: 1000000/i);
  expect(Buffer.compare(got.subarray(head + 4), bytesOf(LARGEST))).toBe(0);
});

test("bodyOf() is hurt by nobody who leaves before, or in the middle of, his answer", async () => {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  await using server = await listen(async (request) => {
    if (new URL(request.url).searchParams.has("late")) {
      request.signal.addEventListener("abort", () => left.resolve());
      asked.resolve();
      await left.promise;
    }
    return answerOf(request);
  });
  const early = await ask(server.port, "1.1", `/${LARGEST}?late`);
  await asked.promise;
  early.destroy();
  await left.promise;
  const middle = await ask(server.port, "1.1", `/${LARGEST}`);
  await once(middle, "data");
  middle.destroy();
  const answer = await fetch(new URL("/36000", server.url));
  expect((await answer.bytes()).length).toBe(36_000);
});

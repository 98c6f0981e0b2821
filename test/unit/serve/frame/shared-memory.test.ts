import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { createMappedFile } from "../../../../src/runtime/map-file.ts";
import {
  decodeAnswer,
  decodeBatch,
  encodeAnswer,
  encodeBatch,
} from "../../../../src/serve/batch-frame.ts";
import { createSharedMemory, type SharedMemory } from "../../../../src/serve/shared-memory.ts";
import { openWorkerMemory, type WorkerMemory } from "../../../../src/serve/worker/worker-memory.ts";
import { floats } from "./payloads.ts";

const MIB = 1024 * 1024;
const large = floats(8, 8_192); // 256 KiB

function bothSides(options: { batchBytes: number; answerBytes: number }): {
  server: SharedMemory;
  worker: WorkerMemory;
} {
  const server = createSharedMemory({ workers: 1, ...options });
  const worker = openWorkerMemory(server?.lend("w0"));
  if (!server || !worker) throw new Error("this machine shares no memory");
  return { server, worker };
}

test("large batches and answers go through shared memory, small ones inline", () => {
  const { server, worker } = bothSides({ batchBytes: 4 * MIB, answerBytes: 4 * MIB });
  using _server = server;
  const body = encodeBatch([large, large], server);
  expect(body.length).toBeLessThan(300);
  expect(decodeBatch(body, worker)).toEqual([large, large]);
  expect(encodeBatch([floats(2, 64)], server).length).toBeGreaterThan(512);
  const answer = { computeMs: 2, results: [large] };
  const told = encodeAnswer(answer, worker);
  expect(told.length).toBeLessThan(300);
  expect(decodeAnswer(told, server)).toEqual(answer);
});

test("a full memory lets batches go inline, until release() makes room", () => {
  const { server, worker } = bothSides({ batchBytes: MIB, answerBytes: MIB });
  using _server = server;
  const bodies = Array.from({ length: 5 }, () => encodeBatch([large], server));
  expect(bodies.map((body) => body.length > 256 * 1024)).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
  for (const body of bodies) expect(decodeBatch(body, worker)).toEqual([large]);
  server.release(bodies[1] as Uint8Array);
  server.release(bodies[1] as Uint8Array);
  expect(encodeBatch([large], server).length).toBeLessThan(300);
  expect(encodeBatch([large], server).length).toBeGreaterThan(256 * 1024);
});

test("a worker takes the place of an answer again when a later one has been read", () => {
  const { server, worker } = bothSides({ batchBytes: MIB, answerBytes: MIB });
  using _server = server;
  const encode = (): Uint8Array => encodeAnswer({ computeMs: 0, results: [large] }, worker);
  const isInline = (body: Uint8Array): boolean => body.length > 300;
  const bodies = [encode(), encode(), encode()];
  expect([...bodies, encode()].map(isInline)).toEqual([false, false, false, true]);
  // The first two are never read: their batches were cancelled.
  expect(decodeAnswer(bodies[2] as Uint8Array, server).results).toEqual([large]);
  expect([encode(), encode(), encode(), encode()].map(isInline)).toEqual([
    false,
    false,
    false,
    true,
  ]);
  // One that is inline tells as well what has been read.
  decodeAnswer(encode(), server);
  expect(isInline(encode())).toBe(false);
});

test("an answer shares no memory with its worker", () => {
  const { server, worker } = bothSides({ batchBytes: MIB, answerBytes: MIB });
  using _server = server;
  const first = decodeAnswer(encodeAnswer({ computeMs: 0, results: [large] }, worker), server);
  decodeAnswer(encodeAnswer({ computeMs: 0, results: [floats(9, 8_192)] }, worker), server);
  expect(first.results).toEqual([large]);
});

test("lend() gives a part again that was taken back, and none to one worker more", () => {
  using server = createSharedMemory({ workers: 1, batchBytes: MIB, answerBytes: MIB });
  const first = server?.lend("w0");
  expect(server?.lend("w1")?.answers.bytes).toBe(0);
  const inline = openWorkerMemory(server?.lend("w1"));
  const told = encodeAnswer({ computeMs: 0, results: [large] }, inline);
  expect(decodeAnswer(told, server).results).toEqual([large]);
  server?.takeBack("w0");
  expect(server?.lend("w2")).toEqual(first as never);
});

test("disable() lets everything go inline", () => {
  const { server } = bothSides({ batchBytes: MIB, answerBytes: MIB });
  using _server = server;
  server.disable();
  expect(server.lend("w1")).toBeUndefined();
  expect(encodeBatch([large], server).length).toBeGreaterThan(256 * 1024);
});

test("createMappedFile() leaves no name behind, and says where there is no memory", () => {
  const before = readdirSync("/dev/shm");
  using file = createMappedFile(MIB);
  expect(readdirSync("/dev/shm")).toEqual(before);
  expect(file?.reserve(0, MIB)).toBe(true);
  using huge = createMappedFile(2 ** 50);
  expect(huge?.reserve(0, 64) ?? false).toBe(huge !== undefined);
});

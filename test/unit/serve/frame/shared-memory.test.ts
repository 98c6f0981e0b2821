import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { createMappedFile, openMappedFile } from "../../../../src/runtime/map-file.ts";
import { decodeAnswer, encodeAnswer, encodeBatch } from "../../../../src/serve/batch-frame.ts";
import { createSharedMemory, type SharedMemory } from "../../../../src/serve/shared-memory.ts";
import { openWorkerMemory, type WorkerMemory } from "../../../../src/serve/worker/worker-memory.ts";
import { decodeBatch, floats } from "./payloads.ts";

const MIB = 1024 * 1024;
const large = floats(8, 8_192); // 256 KiB

function bothSides(options: { batchWindows: number[]; answerWindows: number[] }): {
  server: SharedMemory;
  worker: WorkerMemory;
} {
  const server = createSharedMemory({ workers: 1, ...options });
  const worker = openWorkerMemory(server?.lend("w0"));
  if (!server || !worker) throw new Error("this machine shares no memory");
  return { server, worker };
}

test("large batches and answers go through shared memory, small ones inline", () => {
  const { server, worker } = bothSides({ batchWindows: [4 * MIB], answerWindows: [4 * MIB] });
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
  const { server, worker } = bothSides({ batchWindows: [MIB], answerWindows: [MIB] });
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
  const { server, worker } = bothSides({ batchWindows: [MIB], answerWindows: [MIB] });
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
  const { server, worker } = bothSides({ batchWindows: [MIB], answerWindows: [MIB] });
  using _server = server;
  const first = decodeAnswer(encodeAnswer({ computeMs: 0, results: [large] }, worker), server);
  decodeAnswer(encodeAnswer({ computeMs: 0, results: [floats(9, 8_192)] }, worker), server);
  expect(first.results).toEqual([large]);
});

test("lend() gives a part again that was taken back, and none to one worker more", () => {
  using server = createSharedMemory({ workers: 1, batchWindows: [MIB], answerWindows: [MIB] });
  const first = server?.lend("w0");
  expect(server?.lend("w1")?.answers.count).toBe(0);
  const inline = openWorkerMemory(server?.lend("w1"));
  const told = encodeAnswer({ computeMs: 0, results: [large] }, inline);
  expect(decodeAnswer(told, server).results).toEqual([large]);
  server?.takeBack("w0");
  expect(server?.lend("w2")).toEqual(first as never);
});

test("disable() lets everything go inline", () => {
  const { server } = bothSides({ batchWindows: [MIB], answerWindows: [MIB] });
  using _server = server;
  server.disable();
  expect(server.lend("w1")).toBeUndefined();
  expect(encodeBatch([large], server).length).toBeGreaterThan(256 * 1024);
});

test("a batch goes into the first window that has room for it, and into none if it is larger than each", () => {
  const { server, worker } = bothSides({ batchWindows: [MIB, 2 * MIB], answerWindows: [MIB] });
  using _server = server;
  const larger = floats(48, 8_192); // 1.5 MiB
  for (const payload of [larger, large]) {
    const body = encodeBatch([payload], server);
    expect(body.length).toBeLessThan(300);
    expect(decodeBatch(body, worker)).toEqual([payload]);
  }
  expect(server.take(MIB)).toBeUndefined();
});

test("createMappedFile() leaves no name behind, and what is mapped is the same on both sides", () => {
  using file = createMappedFile(4 * MIB);
  using other = openMappedFile(file?.path ?? "");
  expect(statSync(file?.path ?? "").nlink).toBe(0);
  expect([file?.reserve(0, 3 * MIB), other?.size]).toEqual([true, 4 * MIB]);
  const part = file?.map(2 * MIB, MIB);
  part?.set([1, 2, 3], 5);
  expect(other?.map(0, 4 * MIB)?.subarray(2 * MIB + 5, 2 * MIB + 8)).toEqual(
    Uint8Array.of(1, 2, 3),
  );
  expect(file?.map(4 * MIB, MIB)).toBeUndefined();
  expect(openMappedFile("/proc/1/fd/9999")).toBeUndefined();
});

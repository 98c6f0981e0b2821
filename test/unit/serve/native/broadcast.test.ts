import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import { Broadcast } from "../../../../src/serve/native/broadcast.ts";
import type { Outcome } from "../../../../src/serve/native/run.ts";
import { StreamCredit } from "../../../../src/serve/native/stream-credit.ts";

function valued(value: unknown): Outcome {
  return { values: { kind: "values", form: "msgpack", values: [msgpack.encode(value)] } };
}

test("tell() reaches who listens to exactly this identity, with one body for all", () => {
  const broadcast = new Broadcast();
  const heard: [string, Uint8Array][] = [];
  for (const [who, identity] of [
    ["a", "team"],
    ["b", "team"],
    ["c", "team-2"],
    ["d", "tea"],
    ["e", ""],
    ["f", "team#1"],
  ] as const) {
    broadcast.add(identity, (body) => void heard.push([who, body]));
  }
  broadcast.tell("team", "7", valued({ y: [1] }));
  expect(heard.map(([who]) => who)).toEqual(["a", "b"]);
  expect(heard[0]?.[1]).toBe(heard[1]?.[1] as Uint8Array);
  expect(msgpack.decode(heard[0]?.[1] ?? new Uint8Array())).toEqual({
    id: "7",
    result: { y: [1] },
  });
  broadcast.tell("team#1", "8", { error: new DingError("task.failed", "no", { hint: "h" }) });
  expect(msgpack.decode(heard[2]?.[1] ?? new Uint8Array())).toEqual({
    id: "8",
    error: { code: "task.failed", message: "no", hint: "h" },
  });
});

test("tell() reaches nobody who has left, and one who leaves while it is told holds up no other", () => {
  const broadcast = new Broadcast();
  const heard: string[] = [];
  const first = broadcast.add("t", () => {
    heard.push("first");
    first[Symbol.dispose]();
  });
  const second = broadcast.add("t", () => void heard.push("second"));
  broadcast.tell("t", "1", valued(1));
  broadcast.tell("t", "2", valued(2));
  expect(heard).toEqual(["first", "second", "second"]);
  second[Symbol.dispose]();
  second[Symbol.dispose]();
  const third = broadcast.add("t", () => void heard.push("third"));
  second[Symbol.dispose]();
  broadcast.tell("t", "3", valued(3));
  expect(heard.slice(3)).toEqual(["third"]);
  third[Symbol.dispose]();
});

test("StreamCredit waits when it is used up, until more is given or the stream ends", async () => {
  const credit = new StreamCredit(2);
  const taken: number[] = [];
  const takeAll = (async () => {
    for (let piece = 1; piece <= 6; piece++) {
      await credit.take();
      taken.push(piece);
    }
  })();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await settle();
  expect(taken).toEqual([1]);
  credit.give(2);
  await settle();
  expect(taken).toEqual([1, 2, 3]);
  credit.end();
  await takeAll;
  expect(taken).toEqual([1, 2, 3, 4, 5, 6]);
});

import { expect, test } from "bun:test";
import type { z } from "zod";
import {
  connectRequest,
  disconnectRequest,
  newTaskRequest,
  parseChannel,
  resultRequest,
} from "../../../src/protocol/interaction-requests.ts";
import { parseShape } from "../../../src/protocol/shape.ts";

const ID = "0b5c1a0e-1111-4222-8333-444455556666";
const MASTER = { address: "http://10.0.0.7:7235/base" };

const FITTING: [schema: z.ZodType, body: unknown, read: unknown][] = [
  [connectRequest, { master: MASTER, data: { a: 1 } }, { master: MASTER, data: { a: 1 } }],
  [connectRequest, { master: MASTER }, { master: MASTER, data: {} }],
  [disconnectRequest, {}, { data: {} }],
  [disconnectRequest, { data: null }, { data: null }],
  [newTaskRequest, { task: { id: ID }, data: { a: 2 } }, { task: { id: ID }, data: { a: 2 } }],
  [newTaskRequest, { task: { id: ID, extra: 1 } }, { task: { id: ID }, data: {} }],
  [resultRequest, { task: { id: ID }, result: null }, { task: { id: ID }, result: null }],
  [resultRequest, { task: { id: ID }, result: 0 }, { task: { id: ID }, result: 0 }],
];

for (const [schema, body, read] of FITTING) {
  test(`parseShape() reads ${JSON.stringify(body)}`, () =>
    expect(parseShape(schema, body)).toEqual(read));
}

const UNFIT: [schema: z.ZodType, body: unknown, why: string][] = [
  [connectRequest, undefined, "Cannot use body: Invalid input"],
  [connectRequest, {}, '"master"'],
  [connectRequest, { master: { address: "file:///etc/passwd" } }, '"master.address"'],
  [connectRequest, { master: { address: "10.0.0.7" } }, '"master.address"'],
  [newTaskRequest, { task: { id: "7" }, data: {} }, '"task.id"'],
  [newTaskRequest, { data: {} }, '"task"'],
  [resultRequest, { task: { id: ID } }, '"result": Invalid input'],
  [resultRequest, { task: {}, result: 1 }, '"task.id"'],
];

for (const [schema, body, why] of UNFIT) {
  test(`parseShape() refuses ${JSON.stringify(body)}`, () => {
    expect(() => parseShape(schema, body)).toThrow(why);
    expect(() => parseShape(schema, body, { code: "task.invalid-data", what: "task" })).toThrow(
      expect.objectContaining({ code: "task.invalid-data" }),
    );
  });
}

for (const [header, channel] of [
  ["0", 0],
  ["233", 233],
  [" 7 ", 7],
  ["-1", -1],
  ["", undefined],
  ["x", undefined],
  ["1.5", undefined],
  ["0x10", undefined],
] as const) {
  test(`parseChannel() reads ${JSON.stringify(header)}`, () =>
    expect(parseChannel(header)).toBe(channel));
}

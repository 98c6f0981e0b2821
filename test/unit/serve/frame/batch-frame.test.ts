import { expect, test } from "bun:test";
import { DATATYPES, type Datatype } from "../../../../src/protocol/datatype.ts";
import {
  decodeAnswer,
  decodeBatchGroups,
  encodeAnswer,
  encodeBatch,
} from "../../../../src/serve/batch-frame.ts";
import type { Payload, Tensors, Values } from "../../../../src/serve/inference.ts";
import { Chance } from "../../../support/chance.ts";
import { decodeBatch, bytesTensor, floats } from "./payloads.ts";

test("decodeBatchGroups() gives what encodeBatch() took, whatever lies beside each other", () => {
  const values: Values = {
    kind: "values",
    form: "json",
    values: [new Uint8Array([1, 2, 3]), new Uint8Array(), new Uint8Array(700).fill(7)],
  };
  const payloads: Payload[] = [
    floats(1, 4),
    floats(3, 4),
    values,
    { ...values, form: "msgpack" },
    { kind: "values", form: "json", values: [] },
    floats(2, 5),
    bytesTensor(["", "é", "long".repeat(99)]),
    bytesTensor(["one", "two", "three"]),
    { kind: "tensors", rows: 0, tensors: [] },
  ];
  expect(decodeBatch(encodeBatch(payloads))).toEqual(payloads);
  expect(decodeBatch(encodeBatch([]))).toEqual([]);
});

test("decodeBatchGroups() gives every datatype and shape back, of many at random", () => {
  const chance = new Chance(7);
  const datatypes = (Object.keys(DATATYPES) as Datatype[]).filter((name) => name !== "BYTES");
  for (let round = 0; round < 60; round++) {
    const payloads: Tensors[] = Array.from({ length: chance.integer(1, 9) }, () => {
      const rows = chance.integer(0, 3);
      const tensors = Array.from({ length: chance.integer(1, 3) }, (_, index) => {
        const datatype = chance.pick(datatypes);
        const shape = [rows, chance.integer(0, 5), chance.integer(1, 3)];
        const length = shape.reduce((size, one) => size * one, DATATYPES[datatype].bytes);
        const data = Uint8Array.from({ length }, () => chance.integer(0, 255));
        return { name: `t${index}`, datatype, shape, data };
      });
      return { kind: "tensors", rows, tensors };
    });
    expect(decodeBatch(encodeBatch(payloads))).toEqual(payloads);
  }
});

test("decodeBatchGroups() gives tensors that are alike as one, aligned for their elements", () => {
  const body = encodeBatch([floats(1, 3), floats(2, 3), floats(1, 4)]);
  const moved = new Uint8Array(body.length + 3);
  moved.set(body, 3);
  for (const bytes of [body, moved.subarray(3)]) {
    const [first, second] = decodeBatchGroups(bytes);
    if (first?.kind !== "stacked" || second?.kind !== "stacked") throw new Error("no tensors");
    expect(first.rows).toEqual([1, 2]);
    expect(first.tensors[0]?.shape).toEqual([3, 3]);
    expect((first.tensors[0]?.data.byteOffset ?? 1) % 4).toBe(0);
    expect((second.tensors[0]?.data.byteOffset ?? 1) % 4).toBe(0);
  }
});

test("a tensor whose bytes do not fit its shape travels as it is, and moves no other", () => {
  const lie = floats(2, 3);
  const [tensor] = lie.tensors;
  if (!tensor) throw new Error("no tensor");
  const payloads: Payload[] = [
    floats(2, 3),
    { ...lie, tensors: [{ ...tensor, data: tensor.data.subarray(0, 9) }] },
    { ...lie, tensors: [{ ...tensor, shape: [7, 3] }] },
    floats(2, 3),
  ];
  expect(decodeBatch(encodeBatch(payloads))).toEqual(payloads);
});

test("decodeAnswer() gives results and errors in their order, in memory of their own", () => {
  const error = { code: "task.failed", message: "no", details: { item: 1 } };
  const results = [floats(1, 2), { error }, { error }, floats(1, 2), floats(4, 1)];
  const answer = { computeMs: 1.25, results };
  expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
});

test("encodeBatch() refuses what no message would hold, and says how much it is", () => {
  const value = new Uint8Array(70 * 1024 * 1024);
  const payload: Values = { kind: "values", form: "json", values: [value] };
  expect(() => encodeBatch([payload])).toThrow(/^Cannot send batch: it takes 7\d{7} bytes, the/);
});

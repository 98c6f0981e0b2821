import { expect, test } from "bun:test";
import type { Tensors } from "../../../../src/serve/inference.ts";
import { decodeBatchGroups, encodeBatch } from "../../../../src/serve/batch-frame.ts";
import { Intake } from "../../../../src/serve/worker/intake.ts";
import { ItemReader } from "../../../../src/serve/worker/item-reader.ts";

const signature = { t: { datatype: "BYTES", shape: [-1, 1], as: "text" } } as const;

/** A payload with a row for each text, given as its bytes. */
function rowsOf(...texts: readonly (readonly number[])[]): Tensors {
  const data = Uint8Array.from(texts.flatMap((bytes) => [bytes.length, 0, 0, 0, ...bytes]));
  const tensors = [{ name: "t", datatype: "BYTES" as const, shape: [texts.length, 1], data }];
  return { kind: "tensors", rows: texts.length, tensors };
}

test("takeAll() gives a payload whose bytes are no text one seat, and none of its rows to the model", async () => {
  const intake = new Intake({ reader: new ItemReader(signature), schema: undefined });
  const mark = [0xef, 0xbb, 0xbf];
  const payloads = [rowsOf([97]), rowsOf([98], [0xff]), rowsOf([...mark, 99])];
  await intake.takeAll(decodeBatchGroups(encodeBatch(payloads)));
  expect(intake.items).toEqual([{ t: ["a"] }, { t: ["\uFEFFc"] }]);
  expect(intake.shapes).toHaveLength(2);
  expect(intake.seats).toMatchObject([
    { from: 0, rows: 1 },
    { rows: 0, error: { code: "usage.invalid-input", details: { item: 1 } } },
    { from: 1, rows: 1 },
  ]);
});

import { expect, test } from "bun:test";
import type { DingError } from "../../../../src/core/errors.ts";
import type { BodyForm } from "../../../../src/http/content-type.ts";
import { json, msgpack } from "../../../../src/protocol/codec.ts";
import { writePredict } from "../../../../src/serve/native/predict-answer.ts";
import { readPredict } from "../../../../src/serve/native/predict-request.ts";

const CODECS = { json, msgpack };

function bytesOf(value: unknown, form: BodyForm): Uint8Array {
  return CODECS[form].encode(value);
}

function faultOf(bytes: Uint8Array, form: BodyForm): DingError {
  try {
    readPredict(bytes, form);
  } catch (thrown) {
    return thrown as DingError;
  }
  throw new Error("Expected a fault");
}

for (const form of ["json", "msgpack"] as const) {
  test(`readPredict() cuts the items of a ${form} body and reads what is said beside them`, () => {
    const items = [1, "two", [3, { four: 4 }], null, { x: [0.5] }];
    const beside = { id: "a", priority: 2, timeoutMs: 50.5, parameters: { k: 1 }, other: [1] };
    const request = readPredict(bytesOf({ first: 1, inputs: items, ...beside }, form), form);
    expect(request.items.map((item) => CODECS[form].decode(item))).toEqual(items);
    const { id, priority, timeoutMs, parameters } = beside;
    expect(request).toMatchObject({ isSingle: false, id, priority, timeoutMs, parameters });
  });

  test(`readPredict() takes one item of a ${form} body as input`, () => {
    const request = readPredict(bytesOf({ input: [1, 2] }, form), form);
    expect(request.items.map((item) => CODECS[form].decode(item))).toEqual([[1, 2]]);
    expect(request.isSingle).toBe(true);
    expect(readPredict(bytesOf({ inputs: [] }, form), form).items).toEqual([]);
  });

  test(`readPredict() names the fault of a ${form} body by its path`, () => {
    const rows: [unknown, string][] = [
      [{ inputs: { a: 1 } }, "inputs"],
      [{ inputs: [1], input: 1 }, "input"],
      [{ inputs: [1], priority: -1 }, "priority"],
      [{ inputs: [1], priority: "1" }, "priority"],
      [{ inputs: [1], timeoutMs: 0 }, "timeoutMs"],
      [{ inputs: [1], id: 7 }, "id"],
      [{ inputs: [1], parameters: [1] }, "parameters"],
    ];
    for (const [body, path] of rows) {
      const { code, details } = faultOf(bytesOf(body, form), form);
      expect([code, (details["faults"] as { path: string }[])[0]?.path]).toEqual([
        "usage.invalid-input",
        path,
      ]);
    }
    for (const body of [[1], "x", null, 5, {}, { instances: [1] }]) {
      const fault = faultOf(bytesOf(body, form), form);
      expect(fault.code).toBe("usage.invalid-input");
      expect(fault.hint).toContain("inputs");
    }
  });

  test(`readPredict() refuses what is no ${form}`, () => {
    const bytes = bytesOf({ inputs: [1, 2, 3] }, form);
    for (let length = 0; length < bytes.length; length++) {
      expect(faultOf(bytes.subarray(0, length), form).code).toBe("usage.invalid-input");
    }
    const more = new Uint8Array(bytes.length + 1).fill(0x41);
    more.set(bytes);
    expect(faultOf(more, form).code).toBe("usage.invalid-input");
  });

  test(`writePredict() writes ${form} that says what came out, and the id`, () => {
    const outputs = [1, { y: [2] }, "x"];
    for (const from of ["json", "msgpack"] as const) {
      const values = outputs.map((output) => bytesOf(output, from));
      const all = { kind: "values", form: from, values } as const;
      const many = writePredict({ values: all, isSingle: false, id: undefined }, form);
      expect(CODECS[form].decode(many)).toEqual({ outputs });
      const named = writePredict({ values: all, isSingle: false, id: `a"b` }, form);
      expect(CODECS[form].decode(named)).toEqual({ id: `a"b`, outputs });
      const one = { kind: "values", form: from, values: values.slice(1, 2) } as const;
      const single = writePredict({ values: one, isSingle: true, id: "c" }, form);
      expect(CODECS[form].decode(single)).toEqual({ id: "c", output: { y: [2] } });
    }
  });
}

test("writePredict() writes lists of every length that msgpack tells apart", () => {
  for (const length of [0, 1, 15, 16, 65_535, 65_536]) {
    const values = Array.from({ length }, () => Uint8Array.of(7));
    const all = { kind: "values", form: "msgpack", values } as const;
    const body = writePredict({ values: all, isSingle: false, id: undefined }, "msgpack");
    const { outputs } = msgpack.decode(body) as { outputs: number[] };
    expect([outputs.length, new Set(outputs).size]).toEqual([length, Math.min(1, length)]);
  }
});

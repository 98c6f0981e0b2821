import { expect, test } from "bun:test";
import { pluginOf } from "../../../../src/serve/plugin/plugin-of.ts";

test("pluginOf() says what a module exports that is no model", () => {
  const refuse = (module: Record<string, unknown>, exportName = "default"): string => {
    try {
      pluginOf(module, { path: "model.ts", exportName });
      return "";
    } catch (thrown) {
      return (thrown as Error).message;
    }
  };
  expect(refuse({})).toBe('Cannot use plugin "model.ts": it exports nothing');
  expect(refuse({ default: 3, a: 1 })).toBe('Cannot use plugin "model.ts": it exports default, a');
  expect(refuse({ default: {} })).toStartWith('Cannot use plugin "model.ts"');
  expect(refuse({ Worker: 1 }, "Other")).toBe(
    'Cannot use plugin "model.ts": it has no model named "Other", it exports Worker',
  );
  class Broken {
    constructor() {
      throw new Error("no key");
    }
    predict(): void {}
  }
  expect(refuse({ default: Broken })).toBe(
    'Cannot use plugin "model.ts": its constructor failed: no key',
  );
});

test.each([
  [{ x: { datatype: "FP31", shape: [-1] } }, '"x": datatype must be one of BOOL, '],
  [
    { x: { datatype: "FP32", shape: [] } },
    '"x": shape must be a list whose first axis is the batch',
  ],
  [{ x: { datatype: "FP32", shape: [0, 2] } }, '"x": the first axis is the batch: it cannot be 0'],
  [{ x: { datatype: "FP32", shape: [-1, 1.5] } }, '"x": shape must be of whole numbers'],
  [{ x: { datatype: "FP32", shape: [-1], as: "text" } }, '"x": "as" can only be "text"'],
  [{}, "it names no tensor"],
  [[], "it is no object of tensors by name"],
])("pluginOf() refuses the signature %j", (input, why) => {
  const predictNothing = (): never[] => [];
  expect(() =>
    pluginOf(
      { default: { input, predict: predictNothing } },
      { path: "m.ts", exportName: "default" },
    ),
  ).toThrow(`Cannot use plugin "m.ts": its input is wrong: ${why}`);
});

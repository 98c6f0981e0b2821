import { describe, expect, test } from "bun:test";
import {
  checkLoadRequest,
  checkUnloadRequest,
  nameAndVersion,
  readIndexRequest,
} from "../../../../src/serve/oip/repository-request.ts";
import { jsonBytes } from "./sample-faces.ts";

const EMPTY = new Uint8Array();

describe("checkLoadRequest()", () => {
  test("takes a body without parameters", () => {
    for (const body of [EMPTY, jsonBytes({}), jsonBytes({ parameters: {} })]) {
      expect(() => checkLoadRequest(body)).not.toThrow();
    }
  });

  test.each([
    [
      { config: "{}" },
      "Cannot load model: parameters.config: a model's configuration cannot be sent",
    ],
    [{ "file:1/m.onnx": "AA==" }, "parameters.file:1/m.onnx: files of a model cannot be sent"],
    [{ other: 1 }, "Cannot load model: parameters.other: no such parameter of load: got 1"],
  ])("refuses what it cannot do: %j", (parameters, why) => {
    expect(() => checkLoadRequest(jsonBytes({ parameters }))).toThrow(why);
  });
});

describe("checkUnloadRequest()", () => {
  test("takes unload_dependents, as there are none", () => {
    for (const value of [true, false]) {
      const body = jsonBytes({ parameters: { unload_dependents: value } });
      expect(() => checkUnloadRequest(body)).not.toThrow();
    }
    expect(() => checkUnloadRequest(EMPTY)).not.toThrow();
    const wrong = jsonBytes({ parameters: { unload_dependents: 1 } });
    expect(() => checkUnloadRequest(wrong)).toThrow(
      "Cannot unload model: parameters.unload_dependents: expected true or false, got 1",
    );
    const other = jsonBytes({ parameters: { force: true } });
    expect(() => checkUnloadRequest(other)).toThrow("parameters.force: no such parameter");
  });
});

describe("readIndexRequest()", () => {
  test("reads whether only models that are ready are wanted", () => {
    expect(readIndexRequest(EMPTY)).toEqual({ isReadyOnly: false });
    expect(readIndexRequest(jsonBytes({ ready: true }))).toEqual({ isReadyOnly: true });
    expect(() => readIndexRequest(jsonBytes({ ready: "yes" }))).toThrow(
      "Cannot list models: ready: expected true or false",
    );
  });
});

describe("nameAndVersion()", () => {
  test.each([
    ["ocr", "ocr", undefined],
    ["ocr@2", "ocr", "2"],
    ["a@b@3", "a@b", "3"],
    ["@1", "@1", undefined],
  ])("splits %s", (text, name, version) => {
    expect(nameAndVersion(text)).toEqual({ name, version });
  });
});

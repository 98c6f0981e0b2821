import { expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { findNodeRuntime } from "../../../../src/serve/onnx/node-runtime.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const MANIFEST = "node_modules/onnxruntime-node/package.json";

test("findNodeRuntime() takes the first that stands in a folder of the model or above it", async () => {
  await using folder = await tempFolder();
  const model = folder.file("a/b/model.onnx");
  expect(findNodeRuntime(model)).toBeUndefined();
  await folder.write(MANIFEST, { version: "1.2.3" });
  expect(findNodeRuntime(model)).toEqual({
    folder: folder.file("node_modules/onnxruntime-node"),
    version: "1.2.3",
  });
  await folder.write(`a/${MANIFEST}`, { version: "1.2.4" });
  expect(findNodeRuntime(model)?.version).toBe("1.2.4");
  expect(findNodeRuntime(folder.file("model.onnx"))?.version).toBe("1.2.3");
});

test("findNodeRuntime() passes over what is no package, and takes one that tells no version", async () => {
  await using folder = await tempFolder();
  await mkdir(folder.file("a/node_modules/onnxruntime-node"), { recursive: true });
  await folder.write(MANIFEST, { name: "onnxruntime-node" });
  expect(findNodeRuntime(folder.file("a/model.onnx"))).toEqual({
    folder: folder.file("node_modules/onnxruntime-node"),
    version: "",
  });
});

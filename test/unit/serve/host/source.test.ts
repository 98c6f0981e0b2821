import { describe, expect, test } from "bun:test";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import type { DingError } from "../../../../src/core/errors.ts";
import { nameOf, sourceOf, sourcesHere, sourcesIn } from "../../../../src/serve/host/source.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

describe("sourceOf()", () => {
  test("names a model after its file, unless it is named", async () => {
    await using folder = await tempFolder();
    const file = await folder.write("model.ts", "");
    const expected = { version: "1", plugin: file, exportName: "default" };
    expect(sourceOf("./model.ts", folder.path)).toEqual({ name: "model", ...expected });
    expect(sourceOf("small=./model.ts", folder.path)).toEqual({ name: "small", ...expected });
    expect(sourceOf("small@2=model.ts", folder.path)).toMatchObject({
      name: "small",
      version: "2",
    });
  });

  test("reads server.Worker as the export of a file, as the ancestors did", async () => {
    await using folder = await tempFolder();
    const plugin = await folder.write("server.ts", "");
    const deep = await folder.write("models/ocr.ts", "");
    expect(sourceOf("server.Worker", folder.path)).toEqual({
      name: "server",
      version: "1",
      plugin,
      exportName: "Worker",
    });
    expect(sourceOf("models.ocr.Reader", folder.path)).toMatchObject({
      name: "ocr",
      plugin: deep,
      exportName: "Reader",
    });
  });

  test("keeps the path of a file that is not there, for the error that tells of it", () => {
    expect(sourceOf("./none.ts", "/x")).toMatchObject({ name: "none", plugin: "/x/none.ts" });
    expect(sourceOf("./none.onnx", "/x")).toMatchObject({ plugin: "/x/none.onnx" });
    expect(sourceOf("none.Worker", "/x")).toMatchObject({ plugin: "/x/none.ts" });
    expect(sourceOf("none.bin", "/x")).toMatchObject({ plugin: "/x/none.bin" });
  });

  test("refuses names that no URL could hold", () => {
    const refused: string[] = [];
    for (const name of ["a b", "a@1@2", "@2", "a@", "ä"]) {
      try {
        nameOf(name);
      } catch (thrown) {
        refused.push((thrown as DingError).code);
      }
    }
    expect(refused).toEqual(Array(5).fill("usage.invalid-option"));
  });
});

describe("sourcesIn()", () => {
  test("finds files, folders and versions of a repository, and nothing else", async () => {
    await using folder = await tempFolder();
    for (const file of [
      "plain.ts",
      "net.onnx",
      "types.d.ts",
      "notes.txt",
      "alone/model.ts",
      "many/1/model.onnx",
      "many/12/model.ts",
      "many/draft/model.ts",
      "old.cjs",
      "empty/readme.md",
      ".hidden/model.ts",
    ]) {
      await folder.write(file, "");
    }
    const found = sourcesIn(folder.path).map(
      ({ name, version, plugin }) => `${name}@${version} ${plugin.slice(folder.path.length + 1)}`,
    );
    expect(found).toEqual([
      "alone@1 alone/model.ts",
      "many@1 many/1/model.onnx",
      "many@12 many/12/model.ts",
      "net@1 net.onnx",
      "old@1 old.cjs",
      "plain@1 plain.ts",
    ]);
  });

  test("passes over links that lead nowhere", async () => {
    await using folder = await tempFolder();
    await folder.write("plain.ts", "");
    for (const name of ["gone.ts", "gone"]) await symlink("/nowhere/at/all", folder.file(name));
    expect(sourcesIn(folder.path).map(({ name }) => name)).toEqual(["plain"]);
  });

  test("refuses a folder that is not there", () => {
    expect(() => sourcesIn("/nowhere/at/all")).toThrow('Cannot use repository "/nowhere/at/all"');
  });
});

test("sourcesHere() takes the first of server.ts, model.ts and model.onnx", async () => {
  await using folder = await tempFolder();
  expect(sourcesHere(folder.path)).toEqual([]);
  await folder.write("model.onnx", "");
  await folder.write("model.ts/of-another-kind", "");
  expect(sourcesHere(folder.path)[0]?.plugin).toBe(join(folder.path, "model.onnx"));
  await folder.write("server.ts", "");
  const [only] = sourcesHere(folder.path);
  expect(only?.plugin).toBe(join(folder.path, "server.ts"));
});

import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { addToCurve } from "../../../examples/cartpole/curve.ts";
import { tempFolder } from "../../support/temp-folder.ts";

test("addToCurve() keeps the points of one run, and draws them", async () => {
  await using folder = await tempFolder();
  expect(await addToCurve(folder.path, { version: 3, mean: 20, at: 1_000 })).toBe("▁");
  expect(await addToCurve(folder.path, { version: 9, mean: 499, at: 5_000 })).toBe("▁█");
  // Resumed: the same weights once more.
  expect(await addToCurve(folder.path, { version: 9, mean: 500, at: 9_000 })).toBe("▁██");
  const picture = await readFile(folder.file("curve.svg"), "utf8");
  expect(picture).toContain(`points="48.0,301.4 320.0,48.5 592.0,48.0"`);
  expect(picture).toContain(">8 s<");
  // Another run begins: its versions do.
  expect(await addToCurve(folder.path, { version: 1, mean: 250, at: 20_000 })).toBe("▅");
  expect((await readFile(folder.file("curve.jsonl"), "utf8")).split("\n")).toHaveLength(2);
});

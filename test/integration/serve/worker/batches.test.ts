import { expect, test } from "bun:test";
import { jsonOf, plainResults, startModelWorker, valuesOf } from "../../../support/model-worker.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

test("a function is a model: items in, as many outputs out, in the form in which each came", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write(
    "model.ts",
    "export default (inputs: number[]) => inputs.map((input) => input * 2);",
  );
  await using worker = startModelWorker({ plugin });
  const report = await worker.loaded;
  expect(report).toMatchObject({ platform: "ding_plugin", device: "cpu", streams: false });
  const answer = await worker.infer([valuesOf(1, 2), jsonOf(3), valuesOf(4)]);
  expect(plainResults(answer)).toEqual([[2, 4], [6], [8]]);
  expect(answer.computeMs).toBeGreaterThanOrEqual(0);
});

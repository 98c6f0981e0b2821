import { expect, test } from "bun:test";
import { ding } from "../../support/ding.ts";

const MAIN = ["task", "--main", "examples/pipeline/main.ts"];
const OPTIONS = { runtime: "binary", timeoutMs: 60_000 } as const;
const LEARNED = /^learned y = 3\.00x - 2\.00 from \d+ points, in \d+ versions\n?$/;

test("examples/pipeline learns alone, and in three processes from what the others collect", async () => {
  const alone = await ding(MAIN, OPTIONS);
  expect(alone).toMatchObject({ code: 0, stdout: expect.stringMatching(LEARNED) });
  const words = "--parallel-workers 3 --topology star --protocol ipc";
  const together = await ding([...MAIN, ...words.split(" ")], OPTIONS);
  const lines = together.stdout.trim().split("\n").toSorted();
  expect({ ...together, lines }).toMatchObject({
    code: 0,
    lines: [
      expect.stringMatching(LEARNED),
      expect.stringMatching(/^node 1 collected in \d+ steps, up to version \d+$/),
      expect.stringMatching(/^node 2 collected in \d+ steps, up to version \d+$/),
    ],
  });
});

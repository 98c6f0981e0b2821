import { expect, test } from "bun:test";
import { rm, stat } from "node:fs/promises";
import { silentLogger } from "../../../../src/core/log.ts";
import { tmpFolder } from "../../../../src/serve/worker/tmp-folder.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

test("tmpFolder() makes the folder, or another one where it cannot, and says so", async () => {
  await using folder = await tempFolder();
  const told: string[] = [];
  const log = { ...silentLogger, warn: (text: string) => void told.push(text) };
  const wanted = folder.file("deep/tmp");
  expect([tmpFolder(wanted, log), tmpFolder(wanted, log)]).toEqual([wanted, wanted]);
  await folder.write("file", "");
  const barred = folder.file("file/tmp");
  const other = tmpFolder(barred, log);
  expect(other).not.toBe(barred);
  expect((await stat(other)).isDirectory()).toBe(true);
  await rm(other, { recursive: true });
  expect(told).toEqual([expect.stringContaining(`Cannot make "${barred}", using "${other}": `)]);
});

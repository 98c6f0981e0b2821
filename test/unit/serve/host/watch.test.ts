import { rename, rm, symlink } from "node:fs/promises";
import { expect, test } from "bun:test";
import { watchModels } from "../../../../src/serve/host/watch.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

test("watchModels() tells once of a file that is another one, however it came there", async () => {
  await using folder = await tempFolder();
  const file = folder.file("now/model.ts");
  await folder.write("r1/model.ts", "1");
  await symlink("r1", folder.file("now"));
  const clock = new FakeClock();
  const changes: string[] = [];
  using watching = watchModels({
    files: () => [file, file],
    clock,
    onChange: (changed) => void changes.push(changed),
  });
  const told = (): number => {
    clock.advance(1000);
    return changes.splice(0).length;
  };
  expect(told()).toBe(0);
  await folder.write("r1/model.ts", "two");
  expect(told()).toBe(1);
  await folder.write("r1/.saved", "three");
  await rename(folder.file("r1/.saved"), folder.file("r1/model.ts"));
  expect(told()).toBe(1);
  await folder.write("r2/model.ts", "four");
  await symlink("r2", folder.file("next"));
  await rename(folder.file("next"), folder.file("now"));
  expect(told()).toBe(1);
  await rm(folder.file("r2"), { recursive: true });
  expect(told()).toBe(1);
  await folder.write("r2/model.ts", "five");
  expect(told()).toBe(1);
  expect(told()).toBe(0);
  watching[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});

test("watchModels() waits until a file is written, and learns of models that come", async () => {
  await using folder = await tempFolder();
  const files = [await folder.write("model.ts", "")];
  const clock = new FakeClock();
  const changes: string[] = [];
  using watching = watchModels({
    files: () => files,
    clock,
    onChange: (changed) => void changes.push(changed),
  });
  for (const text of ["1", "12", "123"]) {
    await folder.write("model.ts", text);
    clock.advance(250);
  }
  expect(changes).toEqual([]);
  files.push(await folder.write("other.ts", ""));
  watching.learn();
  await folder.write("other.ts", "1");
  clock.advance(500);
  expect(changes).toEqual(files);
});

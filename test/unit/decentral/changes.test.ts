import { expect, test } from "bun:test";
import { silentLogger } from "../../../src/core/log.ts";
import { Changes } from "../../../src/decentral/changes.ts";
import { thrownBy } from "../../support/thrown-by.ts";

test("Changes runs one at a time, in their order, and says which", async () => {
  const changes = new Changes(silentLogger);
  const seen: (string | undefined)[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = changes.run("first", () => promise);
  const second = changes.run("second", async () => void seen.push(changes.current));
  await Promise.resolve();
  expect(changes.current).toBe("first");
  expect(seen).toEqual([]);
  resolve();
  await Promise.all([first, second]);
  expect(seen).toEqual(["second"]);
  expect(changes.current).toBeUndefined();
});

test("Changes goes on after one that failed, which is logged and told to who asked", async () => {
  const said: string[] = [];
  const log = { ...silentLogger, error: (message: string) => void said.push(message) };
  const changes = new Changes(log);
  const bad = thrownBy(changes.run("bad", () => Promise.reject(new Error("no"))));
  await changes.run("good", async () => {});
  expect(await bad).toMatchObject({ message: "no" });
  expect(said).toEqual(["bad failed: no"]);
  await changes.settled;
});

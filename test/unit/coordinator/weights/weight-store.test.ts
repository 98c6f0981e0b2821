import { expect, test } from "bun:test";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "../../../../src/core/log.ts";
import { sha256Of } from "../../../../src/coordinator/weights/sha256.ts";
import { WeightStore } from "../../../../src/coordinator/weights/weight-store.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { thrownBy } from "../../../support/thrown-by.ts";

const log = silentLogger;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test("publish() counts versions from 1 on, also when many publish at once", async () => {
  await using store = await WeightStore.open({ log });
  expect(store.newest("p")).toBe(0);
  const versions = await Promise.all(
    ["a", "b", "c"].map((text) => store.publish("p", bytesOf(text))),
  );
  expect(versions).toEqual([1, 2, 3]);
  expect(store.latest("p")).toEqual({
    policyId: "p",
    version: 3,
    sha256: sha256Of(bytesOf("c")),
    bytes: bytesOf("c"),
  });
  expect(store.latest("p", 3)).toBeUndefined();
});

test("publish() keeps its own copy: whoever writes to the bytes later changes nothing", async () => {
  await using store = await WeightStore.open({ log });
  const bytes = bytesOf("abc");
  await store.publish("p", bytes);
  bytes[0] = 0;
  expect(store.latest("p")?.bytes).toEqual(bytesOf("abc"));
});

test("at() gives the versions that are kept, and says which these are", async () => {
  await using store = await WeightStore.open({ log, keep: 2 });
  for (const text of ["a", "b", "c"]) await store.publish("p", bytesOf(text));
  expect(store.at("p", 2).bytes).toEqual(bytesOf("b"));
  expect(() => store.at("p", 1)).toThrow('Cannot find version 1 of the weights of "p"');
  expect(store.stats()).toMatchObject([{ policyId: "p", newest: 3, kept: [2, 3] }]);
});

test("subscribe() hears of every version until it is disposed, and one listener twice is two", async () => {
  await using store = await WeightStore.open({ log });
  const heard: number[] = [];
  const listener = (version: number): void => void heard.push(version);
  const first = store.subscribe("p", listener);
  using _second = store.subscribe("p", listener);
  await store.publish("p", bytesOf("a"));
  await store.publish("other", bytesOf("a"));
  first[Symbol.dispose]();
  await store.publish("p", bytesOf("b"));
  expect(heard).toEqual([1, 1, 2]);
});

test("copy() makes the same bytes the newest of another policy", async () => {
  await using store = await WeightStore.open({ log });
  await store.publish("main", bytesOf("a"));
  await store.publish("main", bytesOf("b"));
  const snapshot = await store.copy("main", "historical", 1);
  expect(snapshot).toMatchObject({
    policyId: "historical",
    version: 1,
    sha256: sha256Of(bytesOf("a")),
  });
  expect(await thrownBy(store.copy("nobody", "x"))).toMatchObject({ code: "http.not-found" });
});

test("open() goes on after an orderly end with the next version, and has the last ones", async () => {
  await using folder = await tempFolder();
  {
    await using store = await WeightStore.open({ log, folder: folder.path, keep: 2 });
    for (const text of ["a", "b", "c"]) await store.publish("../p", bytesOf(text));
  }
  await using again = await WeightStore.open({ log, folder: folder.path, keep: 2 });
  expect(again.newest("../p")).toBe(3);
  expect(again.at("../p", 2).bytes).toEqual(bytesOf("b"));
  expect(await again.publish("../p", bytesOf("d"))).toBe(4);
  const inside = await readdir(folder.path);
  expect(inside.filter((name) => !name.startsWith("probe-"))).toEqual(["%2E.%2Fp"]);
});

test("open() after a crash gives no version a second time, and has the last weights as a new one", async () => {
  await using folder = await tempFolder();
  const crashed = await WeightStore.open({ log, folder: folder.path });
  for (const text of ["a", "b"]) await crashed.publish("p", bytesOf(text));
  await crashed.flush(); // and no disposal
  await using again = await WeightStore.open({ log, folder: folder.path });
  expect(again.newest("p")).toBeGreaterThan(2);
  // What was made before looks older then, by not too much.
  expect(again.newest("p")).toBeLessThanOrEqual(2 + 16);
  expect(again.latest("p")?.bytes).toEqual(bytesOf("b"));
  expect(again.latest("p")?.version).toBe(again.newest("p"));
});

test("open() passes over files that are broken or half, and goes on with the one before", async () => {
  await using folder = await tempFolder();
  {
    await using store = await WeightStore.open({ log, folder: folder.path });
    for (const text of ["a", "b"]) await store.publish("p", bytesOf(text));
  }
  const files = await readdir(join(folder.path, "p"));
  const newest = files.find((file) => file.startsWith("2-")) ?? "";
  await writeFile(join(folder.path, "p", newest), "broken");
  await writeFile(join(folder.path, "p", "3-x.weights.draft"), "half");
  await using again = await WeightStore.open({ log, folder: folder.path });
  expect(again.latest("p")?.bytes).toEqual(bytesOf("a"));
  expect(await again.publish("p", bytesOf("c"))).toBeGreaterThan(2);
});

test("forget() lets go of a policy with its files", async () => {
  await using folder = await tempFolder();
  await using store = await WeightStore.open({ log, folder: folder.path });
  await store.publish("p", bytesOf("a"));
  await store.forget("p");
  expect(store.newest("p")).toBe(0);
  await store[Symbol.asyncDispose]();
  expect(await readdir(folder.path)).toEqual([]);
});

test("open() refuses to keep no version at all", async () => {
  expect(await thrownBy(WeightStore.open({ log, keep: 0 }))).toMatchObject({
    code: "usage.invalid-option",
    details: { path: "weights.keep" },
  });
});

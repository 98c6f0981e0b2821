import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { silentLogger } from "../../../../src/core/log.ts";
import { RemoteWeights } from "../../../../src/coordinator/weights/remote-weights.ts";
import { sha256Of } from "../../../../src/coordinator/weights/sha256.ts";
import { WeightDesk } from "../../../../src/coordinator/weights/weight-desk.ts";
import { WeightStore } from "../../../../src/coordinator/weights/weight-store.ts";
import { PIECE_BYTES } from "../../../../src/coordinator/weights/weight-words.ts";
import { Random } from "../../../../src/replay/random.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { thrownBy } from "../../../support/thrown-by.ts";
import { until } from "../../../support/until.ts";
import { linkedPeers } from "../replay-link/linked-peers.ts";

interface End extends Disposable {
  weights: RemoteWeights;
  desk: WeightDesk;
  ending: AbortController;
  readonly bytes: number;
  /** Has it heard of the store? */
  isTold: () => boolean;
}

function linkedTo(store: WeightStore, isLearner = false): End {
  const ending = new AbortController();
  let isTold = false;
  const desk = new WeightDesk({ store, policyId: "p", isLearner });
  const peers = linkedPeers({
    worker: (call) => void (isTold = weights.answer(call)),
    coordinator: (call) => void desk.answer(call),
  });
  const weights = new RemoteWeights({ port: peers.worker, policyId: "p", signal: ending.signal });
  desk.opened(peers.coordinator);
  return {
    weights,
    desk,
    ending,
    isTold: () => isTold,
    get bytes() {
      return peers.bytes;
    },
    [Symbol.dispose]() {
      desk[Symbol.dispose]();
      peers.end();
    },
  };
}

const large = (seed: number): Uint8Array => {
  const chance = new Random(seed);
  const bytes = new Uint8Array(2 * PIECE_BYTES + 17);
  for (let at = 0; at < bytes.length; at += 4096) bytes[at] = chance.below(256);
  return bytes;
};

test("publish() takes a learner's bytes in pieces; every other end hears of it and gets them whole", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  using learner = linkedTo(store, true);
  using one = linkedTo(store);
  using two = linkedTo(store);
  const bytes = large(1);
  const waiting = two.weights.next();
  expect(await learner.weights.publish(bytes)).toBe(1);
  await until(() => one.weights.newest === 1);
  for (const weights of [await one.weights.latest(), await waiting]) {
    expect(weights).toMatchObject({ policyId: "p", version: 1, sha256: sha256Of(bytes) });
    expect(sha256Of(weights?.bytes ?? new Uint8Array())).toBe(sha256Of(bytes));
  }
  expect([one.weights.acting, learner.weights.acting]).toEqual([1, 1]);
});

test("publish() and latest() go by files where both ends share a disk: no bytes over the link", async () => {
  await using folder = await tempFolder();
  await using store = await WeightStore.open({ log: silentLogger, folder: folder.path });
  using learner = linkedTo(store, true);
  using one = linkedTo(store);
  await until(() => learner.isTold() && one.isTold());
  const bytes = large(1);
  const published = learner.weights.publish(bytes);
  bytes.fill(0); // it is its own again
  expect(await published).toBe(1);
  const weights = await one.weights.next();
  expect(weights).toMatchObject({ version: 1, sha256: sha256Of(large(1)) });
  expect(sha256Of(weights.bytes)).toBe(weights.sha256);
  expect(learner.bytes + one.bytes).toBeLessThan(10_000);
  expect(store.fileOf("p", 1)).toBe(`p/1-${weights.sha256}.weights`);
  // A file that is gone or broken: over the link.
  await writeFile(folder.file(store.fileOf("p", 1) ?? ""), "broken");
  expect(sha256Of((await one.weights.at("p", 1)).bytes)).toBe(weights.sha256);
  using two = linkedTo(store);
  expect(sha256Of((await two.weights.next()).bytes)).toBe(weights.sha256);
});

test("publish() goes over the link where the store's folder cannot be written to", async () => {
  await using folder = await tempFolder();
  await using store = await WeightStore.open({ log: silentLogger, folder: folder.path });
  await writeFile(folder.file("p"), "no folder");
  using learner = linkedTo(store, true);
  await until(() => learner.isTold());
  expect(await learner.weights.publish(large(1))).toBe(1);
  expect(learner.bytes).toBeGreaterThan(large(1).length);
});

test("publishFile() takes no file but one that was put there for it", async () => {
  await using folder = await tempFolder();
  await using store = await WeightStore.open({ log: silentLogger, folder: folder.path });
  const name = `incoming-${crypto.randomUUID()}`;
  await folder.write(`p/${name}`, "abc");
  const sha256 = sha256Of(new TextEncoder().encode("abc"));
  for (const words of [
    { name: `../p/${name}`, bytes: 3, sha256 },
    { name: "/etc/passwd", bytes: 3, sha256 },
    { name, bytes: 4, sha256 },
    { name, bytes: 3, sha256: sha256.replace(/^./, "x") },
    { name: `incoming-${crypto.randomUUID()}`, bytes: 3, sha256 },
  ]) {
    expect(await thrownBy(store.publishFile("p", words))).toMatchObject({
      code: "usage.invalid-input",
    });
  }
  expect(await store.publishFile("p", { name, bytes: 3, sha256 })).toBe(1);
  expect(store.at("p", 1).sha256).toBe(sha256);
});

test("publish() twice at once gives two versions, whole ones", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  using learner = linkedTo(store, true);
  const versions = await Promise.all([1, 2].map((seed) => learner.weights.publish(large(seed))));
  expect(versions).toEqual([1, 2]);
  expect(store.at("p", 1).sha256).toBe(sha256Of(large(1)));
  expect(store.at("p", 2).sha256).toBe(sha256Of(large(2)));
});

test("latest() sends no bytes when nothing is newer", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  using end = linkedTo(store);
  await store.publish("p", large(1));
  const first = await end.weights.latest();
  const before = end.bytes;
  expect(await end.weights.latest({ newerThan: first?.version })).toBeUndefined();
  expect((await end.weights.latest())?.version).toBe(1);
  expect(end.bytes - before).toBeLessThan(1_000);
});

test("next() waits for what is newer; an abort ends the wait and takes it back", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  using end = linkedTo(store);
  await store.publish("p", new Uint8Array([1]));
  const { signal, abort } = abortable();
  const aborted = end.weights.next({ newerThan: 1, signal });
  const next = end.weights.next({ newerThan: 1 });
  abort(new Error("enough"));
  expect(await thrownBy(aborted)).toMatchObject({ message: "enough" });
  await store.publish("p", new Uint8Array([2]));
  expect((await next).version).toBe(2);
});

test("next() ends with the task", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  using end = linkedTo(store);
  const next = end.weights.next();
  end.ending.abort(new Error("the task ends"));
  expect(await thrownBy(next)).toMatchObject({ message: "the task ends" });
});

test("at() gives another policy's version, and refuses one that is gone", async () => {
  await using store = await WeightStore.open({ log: silentLogger, keep: 1 });
  using end = linkedTo(store);
  await store.publish("historical", new Uint8Array([7]));
  expect((await end.weights.at("historical", 1)).bytes).toEqual(new Uint8Array([7]));
  expect(end.weights.acting).toBe(0);
  expect(await thrownBy(end.weights.at("historical", 2))).toMatchObject({ code: "http.not-found" });
});

test("publish() of a worker that does not learn is refused", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  using end = linkedTo(store);
  expect(await thrownBy(end.weights.publish(new Uint8Array([1])))).toMatchObject({
    code: "peer.refused",
  });
});

test("publish() of no bytes at all is a version too", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  using learner = linkedTo(store, true);
  expect(await learner.weights.publish(new Uint8Array())).toBe(1);
  expect((await learner.weights.latest())?.bytes.length).toBe(0);
});

function abortable(): { signal: AbortSignal; abort: (reason: Error) => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
}

import { expect, test } from "bun:test";
import { RemoteWeights } from "../../../../src/coordinator/weights/remote-weights.ts";
import { sha256Of } from "../../../../src/coordinator/weights/sha256.ts";
import { WeightDesk } from "../../../../src/coordinator/weights/weight-desk.ts";
import { WeightStore } from "../../../../src/coordinator/weights/weight-store.ts";
import { WEIGHT_EVENTS, WEIGHT_METHODS } from "../../../../src/coordinator/weights/weight-words.ts";
import { DingError } from "../../../../src/core/errors.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import type { Body } from "../../../../src/rpc/message.ts";
import { thrownBy } from "../../../support/thrown-by.ts";
import { linkedPeers, type LinkedPeers } from "../replay-link/linked-peers.ts";

const BYTES = Uint8Array.of(1, 2, 3, 4, 5, 6);
const sha256 = sha256Of(BYTES);

function learnerOf(store: WeightStore): LinkedPeers {
  const desk = new WeightDesk({ store, policyId: "p", isLearner: true });
  return linkedPeers({ coordinator: (call) => void desk.answer(call) });
}

function say({ worker }: LinkedPeers, meta: unknown, body?: Uint8Array): Promise<Body> {
  return new Promise((resolve, reject) => {
    worker.call(WEIGHT_METHODS.PUBLISH, meta, body, {
      reply: resolve,
      fail: (error) => reject(DingError.fromRecord(error)),
    });
  });
}

test.each([
  [
    "a piece that is missing",
    [
      [0, 2],
      [4, 6],
    ],
  ],
  [
    "a piece that comes twice",
    [
      [0, 2],
      [0, 2],
      [2, 6],
      [2, 6],
    ],
  ],
  [
    "the end before the beginning",
    [
      [2, 6],
      [0, 2],
    ],
  ],
  [
    "more than was said",
    [
      [0, 6],
      [6, 8],
    ],
  ],
])("publish() of %s makes no version of it", async (_, pieces) => {
  await using store = await WeightStore.open({ log: silentLogger });
  const peers = learnerOf(store);
  const longer = Uint8Array.of(...BYTES, 7, 8);
  const answers = pieces.map(([at = 0, to]) => {
    const meta = { upload: 1, bytes: BYTES.length, at, sha256 };
    return say(peers, meta, longer.subarray(at, to));
  });
  const settled = await Promise.allSettled(answers);
  const faults = settled.filter(({ status }) => status === "rejected");
  expect(faults).not.toEqual([]);
  for (const fault of faults) expect(fault).toMatchObject({ reason: { code: "network.protocol" } });
  // Whatever came whole is what was said; nothing else is there.
  for (const { kept, sha256: newest } of store.stats()) {
    expect(kept.length).toBeLessThanOrEqual(1);
    expect([undefined, sha256]).toContain(newest);
  }
  const whole = await say(peers, { upload: 2, bytes: BYTES.length, at: 0, sha256 }, BYTES);
  expect(msgpack.decode(whole ?? new Uint8Array())).toBe(store.newest("p"));
  expect(store.latest("p")?.bytes).toEqual(BYTES);
  peers.end();
});

test("publish() of other bytes than their sha256 says makes no version, and the next one goes on", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  const peers = learnerOf(store);
  const other = BYTES.slice().fill(9, 0, 1);
  const meta = { upload: 1, bytes: BYTES.length, at: 0, sha256 };
  expect(await thrownBy(say(peers, meta, other))).toMatchObject({ code: "network.protocol" });
  expect(store.newest("p")).toBe(0);
  await say(peers, { ...meta, upload: 2 }, BYTES);
  expect(store.newest("p")).toBe(1);
  peers.end();
});

test.each([
  ["upload", { upload: "1", bytes: 6, at: 0 }],
  ["bytes", { upload: 1, bytes: -1, at: 0 }],
  ["bytes", { upload: 1, bytes: 2 ** 40, at: 0 }],
  ["at", { upload: 1, bytes: 6, at: 0.5 }],
  ["sha256", { upload: 1, bytes: 6, at: 0, sha256: 7 }],
  ["meta", null],
])("publish() refuses words whose %s cannot be", async (name, meta) => {
  await using store = await WeightStore.open({ log: silentLogger });
  const peers = learnerOf(store);
  expect(await thrownBy(say(peers, meta, BYTES))).toMatchObject({
    code: "network.protocol",
    message: expect.stringContaining(`its ${name} is no such`) as string,
  });
  peers.end();
});

test.each([
  ["cut short", BYTES.subarray(0, 4), BYTES.length],
  ["longer", Uint8Array.of(...BYTES, 7), BYTES.length],
  ["flipped", BYTES.slice().fill(0, 2, 3), BYTES.length],
])("latest() takes no weights that are %s on their way", async (_, sent, bytes) => {
  const ending = new AbortController();
  const peers = linkedPeers({
    coordinator(call) {
      const head = { policyId: "p", version: 3, sha256, bytes };
      call.event(WEIGHT_EVENTS.HEAD, msgpack.encode(head));
      call.event(WEIGHT_EVENTS.PIECE, sent);
      call.reply(msgpack.encode(3));
    },
  });
  const weights = new RemoteWeights({ port: peers.worker, policyId: "p", signal: ending.signal });
  expect(await thrownBy(weights.latest())).toMatchObject({ code: "network.protocol" });
  expect([weights.acting, weights.newest]).toEqual([0, 0]);
  peers.end();
});

test("a notice of an older version, or of none, changes nothing", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  const ending = new AbortController();
  const desk = new WeightDesk({ store, policyId: "p", isLearner: false });
  const peers = linkedPeers({
    worker: (call) => void weights.answer(call),
    coordinator: (call) => void desk.answer(call),
  });
  const weights = new RemoteWeights({ port: peers.worker, policyId: "p", signal: ending.signal });
  for (let count = 0; count < 3; count++) await store.publish("p", BYTES);
  for (const version of [3, 2, 0, NaN, "4", undefined, null]) {
    await peers.coordinator.request(WEIGHT_METHODS.NOTICE, { version }).catch(() => {});
    expect(weights.newest).toBe(3);
  }
  expect((await weights.latest())?.version).toBe(3);
  expect(await weights.latest({ newerThan: 3 })).toBeUndefined();
  desk[Symbol.dispose]();
  peers.end();
});

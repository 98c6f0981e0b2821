import { expect, test } from "bun:test";
import type { Step } from "../../../../src/broker/redis/calls.ts";
import { ReadJob, Reading } from "../../../../src/broker/redis/receipts.ts";
import { settle } from "../../../../src/broker/redis/settle.ts";

function jobs(size: number): Step[] {
  const reading = new Reading({ priority: "0", token: "t", size, endsAtMs: Infinity });
  return Array.from({ length: size }, (_, place) => {
    const facts = { id: "", key: undefined, value: new Uint8Array(), pushedAtMs: 9, priority: 0 };
    const lease = new ReadJob({ ...facts, reasons: [], number: place }, reading, place);
    return { what: "a", lease, ms: 0, reason: "" };
  });
}

test("settle() asks again, and then one by one, for what has no lease with others any more", async () => {
  const [one, two, three] = jobs(3) as [Step, Step, Step];
  const said: unknown[] = [];
  const letters = await settle([one, two], {
    mark: () => Promise.resolve(false),
    settle(acks, others) {
      said.push(acks.length > 0 ? acks : others);
      return Promise.resolve(acks.length > 0 ? "kb" : "e");
    },
  });
  expect(letters).toEqual(["k", "e"]);
  expect(said).toEqual([[["t", 2, "11", 0]], [two]]);
  // From now on each is said by its receipt.
  const alone = await settle([three], {
    mark: () => Promise.reject(new Error("no marks")),
    settle: (acks, others) => Promise.resolve(acks.length === 0 && others[0] === three ? "k" : "?"),
  });
  expect(alone).toEqual(["k"]);
});

test("settle() takes what comes late for done when all of its taking is said to be done meanwhile", async () => {
  const [one, two] = jobs(2) as [Step, Step];
  const cut = Promise.withResolvers<boolean>();
  const end = Promise.withResolvers<string>();
  const calls = { mark: () => cut.promise, settle: () => end.promise };
  const early = settle([one], calls);
  const late = settle([two], calls);
  cut.resolve(false);
  end.resolve("k");
  expect(await late).toEqual(["k"]);
  expect(await early).toEqual(["k"]);
});

test("settle() that fails may be called again", async () => {
  const [one] = jobs(2) as [Step];
  const fault = new Error("cut");
  const dead = { mark: () => Promise.reject(fault), settle: () => Promise.reject(fault) };
  expect(await settle([one], dead).catch((error: unknown) => error)).toBe(fault);
  const well = { mark: () => Promise.resolve(true), settle: () => Promise.reject(fault) };
  expect(await settle([one], well)).toEqual(["k"]);
});

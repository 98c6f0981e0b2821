import { expect, test } from "bun:test";
import { inOrder } from "../../../../src/serve/client/in-order.ts";
import { Gate, thrownBy } from "../../../support/interaction.ts";

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function* numbers(count: number, onTaken?: (item: number) => void): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) {
    onTaken?.(item);
    yield item;
  }
}

test("inOrder() gives outcomes in the order of the items, however they end", async () => {
  const gates = Array.from({ length: 4 }, () => new Gate());
  const begin = async (item: number, index: number): Promise<number[]> => {
    await gates[item]?.pass();
    return [item, index];
  };
  const told: number[][] = [];
  const all = (async () => {
    for await (const outcome of inOrder(numbers(4), begin, 10)) told.push(outcome);
  })();
  const seen = [];
  for (const item of [2, 0, 3, 1]) {
    await settle();
    gates[item]?.open();
    await settle();
    seen.push(told.length);
  }
  await all;
  expect(seen).toEqual([0, 1, 1, 4]);
  expect(told).toEqual([0, 1, 2, 3].map((item) => [item, item]));
});

test("inOrder() begins no more than it may, and ends its source when it is left", async () => {
  let taken = 0;
  const outcomes = inOrder(
    numbers(100, () => (taken += 1)),
    async (item) => item,
    3,
  );
  expect((await outcomes.next()).value).toBe(0);
  await settle();
  expect(taken).toBe(3);
  await outcomes.next();
  await settle();
  expect(taken).toBe(4);
  await outcomes.return();
  await settle();
  expect(taken).toBeLessThanOrEqual(5);
});

test("inOrder() throws what its source throws, after the outcomes before it", async () => {
  async function* broken(): AsyncGenerator<number> {
    yield 1;
    throw new Error("broken");
  }
  const outcomes = inOrder(broken(), async (item) => item, 5);
  expect((await outcomes.next()).value).toBe(1);
  expect((await thrownBy(outcomes.next())).message).toBe("broken");
});

test("inOrder() ends a source that waits for its next item when it is left", async () => {
  let isEnded = false;
  let given = 0;
  const never = Promise.withResolvers<IteratorResult<number>>();
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => (given++ === 0 ? Promise.resolve({ done: false, value: 7 }) : never.promise),
      return: () => {
        isEnded = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  for await (const outcome of inOrder(source, async (item) => item, 3)) {
    expect(outcome).toBe(7);
    await settle();
    break;
  }
  expect(isEnded).toBe(true);
});

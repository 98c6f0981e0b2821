import { expect, test } from "bun:test";
import { encodeAsync, type SendItem } from "../../../../src/serve/client/encode-async.ts";
import { failure, success, type Response } from "../../../../src/serve/client/response.ts";
import { Gate, thrownBy } from "../../../support/interaction.ts";

const echo: SendItem<number> = async (item) => success(`${item}`, item);

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function embeddingsOf(responses: AsyncIterable<Response>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const { embedding } of responses) all.push(embedding);
  return all;
}

test("encodeAsync() gives an answer to each item, of lists and of generators", async () => {
  expect(await embeddingsOf(encodeAsync([1, 2, 3], echo))).toEqual([1, 2, 3]);
  expect(await embeddingsOf(encodeAsync([], echo))).toEqual([]);
  const asItIs: SendItem<string> = async (item) => success(item, item);
  expect(await embeddingsOf(encodeAsync("ab", asItIs))).toEqual(["a", "b"]);
  async function* slow(): AsyncGenerator<number> {
    for (let item = 0; item < 5; item++) {
      await settle();
      await settle();
      yield item;
    }
  }
  expect(await embeddingsOf(encodeAsync(slow(), echo))).toEqual([0, 1, 2, 3, 4]);
});

test.each([[5], [null], [{}], [function* () {}]])("encodeAsync() of %p is refused", async (odd) => {
  const answers = encodeAsync(odd as never, echo);
  expect(await thrownBy(answers.next())).toMatchObject({
    code: "usage.invalid-input",
    message: `Cannot encode items: they are no list: got ${odd === null ? "null" : typeof odd}`,
  });
});

test("encodeAsync() gives answers in the order in which they come", async () => {
  const gates = [new Gate(), new Gate(), new Gate()];
  const send: SendItem<number> = async (item) => {
    await gates[item]?.pass();
    return success(`${item}`, item);
  };
  const answers = encodeAsync([0, 1, 2], send);
  const first = answers.next();
  for (const item of [2, 0, 1]) {
    await settle();
    gates[item]?.open();
  }
  expect((await first).value?.embedding).toBe(2);
  expect(await embeddingsOf(answers)).toEqual([0, 1]);
});

test("encodeAsync() takes no more than window items ahead of who reads", async () => {
  let taken = 0;
  function* endless(): Generator<number> {
    for (;;) yield taken++;
  }
  const answers = encodeAsync(endless(), echo, { window: 3 });
  expect((await answers.next()).value?.embedding).toBe(0);
  for (let round = 0; round < 5; round++) await settle();
  expect(taken).toBe(4);
  expect((await answers.next()).value?.embedding).toBe(1);
  await settle();
  expect(taken).toBe(5);
  await answers.return();
});

test("encodeAsync() stops after maxNumBatch items, and lets the generator clean up", async () => {
  let isClean = false;
  function* endless(): Generator<number> {
    try {
      for (let item = 0; ; item++) yield item;
    } finally {
      isClean = true;
    }
  }
  expect(await embeddingsOf(encodeAsync(endless(), echo, { maxNumBatch: 2 }))).toEqual([0, 1]);
  expect(isClean).toBe(true);
});

test("encodeAsync() tells an item's error as its response, and goes on", async () => {
  const send: SendItem<number> = async (item) =>
    item === 1 ? failure("1", new Error("no")) : success(`${item}`, item);
  const all: Response[] = [];
  for await (const response of encodeAsync([0, 1, 2], send)) all.push(response);
  expect(all.map(({ errorCode }) => errorCode)).toEqual([0, 1, 0]);
});

test("encodeAsync() throws the generator's error after what was sent has been answered", async () => {
  function* broken(): Generator<number> {
    yield 1;
    throw new Error("broken");
  }
  const answers = encodeAsync(broken(), echo);
  expect((await answers.next()).value?.embedding).toBe(1);
  expect((await thrownBy(answers.next())).message).toBe("broken");
  expect((await answers.next()).done).toBe(true);
});

test("encodeAsync() cancels what is out when its loop is left, also while the generator is waited for", async () => {
  const gate = new Gate();
  const signals: AbortSignal[] = [];
  const send: SendItem<number> = async (item, signal) => {
    signals.push(signal);
    if (item > 0) await gate.pass(signal);
    return success(`${item}`, item);
  };
  let isClean = false;
  async function* items(): AsyncGenerator<number> {
    try {
      yield 0;
      yield 1;
      await gate.pass();
    } finally {
      isClean = true;
    }
  }
  const safe: SendItem<number> = (item, signal) =>
    send(item, signal).catch((thrown: unknown) => failure(`${item}`, thrown));
  for await (const { embedding } of encodeAsync(items(), safe)) {
    expect(embedding).toBe(0);
    await settle();
    break;
  }
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  expect(isClean).toBe(false);
  gate.open();
  await settle();
  expect(isClean).toBe(true);
});

test("encodeAsync() throws its signal's reason", async () => {
  const stop = new AbortController();
  const gate = new Gate();
  const answers = encodeAsync(
    [1],
    (item, signal) =>
      gate.pass(signal).then(
        () => success(`${item}`, item),
        (thrown: unknown) => failure(`${item}`, thrown),
      ),
    { signal: stop.signal },
  );
  const next = thrownBy(answers.next());
  await settle();
  stop.abort(new Error("enough"));
  expect((await next).message).toBe("enough");
});

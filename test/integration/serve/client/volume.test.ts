import { expect, test } from "bun:test";
import { Client } from "../../../../src/serve/client/client.ts";
import { startNative } from "../../../support/native-server.ts";
import { until } from "../../../support/until.ts";

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("3,000 non-blocking requests of 100 KB, fetched afterwards: no answer is lost", async () => {
  await using server = await startNative(async (item) => {
    await turn();
    return item;
  });
  await using client = new Client({ port: server.port });
  const bytes = new Uint8Array(100 * 1024).fill(7);
  for (let item = 0; item < 3_000; item++) {
    await client.encode({ item, bytes }, { blocking: false });
  }
  const all = await client.fetchAll<{ item: number; bytes: Uint8Array }>();
  expect(all.map(({ item }) => item)).toEqual(Array.from({ length: 3_000 }, (_, item) => item));
  expect(all.every((one) => one.bytes.length === bytes.length && one.bytes[99] === 7)).toBe(true);
}, 60_000);

test("requests by clients that have just been made: none is lost", async () => {
  await using server = await startNative((item) => item);
  for (let round = 0; round < 5; round++) {
    const clients = Array.from(
      { length: 12 },
      (_, index) => new Client({ port: server.port, ignoreAllChecks: index % 2 === 0 }),
    );
    const answers = await Promise.all(
      clients.map((client, index) =>
        Promise.all([client.encode(index), client.encode(index + 100)]),
      ),
    );
    expect(answers).toEqual(clients.map((_, index) => [index, index + 100]));
    await Promise.all(clients.map((client) => client.close()));
  }
  await until(() => server.native.clients === 0);
});

test("encodeAsync() of an endless, slow generator: answers come while it is waited for", async () => {
  let running = 0;
  let most = 0;
  await using server = await startNative(async (item) => {
    most = Math.max(most, ++running);
    await turn();
    running -= 1;
    if (item === 3) throw new Error("three");
    return item;
  });
  await using client = new Client({ port: server.port });
  let isClean = false;
  async function* slow(): AsyncGenerator<number> {
    try {
      for (let item = 0; ; item++) {
        // Everything before has been answered long ago.
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield item;
      }
    } finally {
      isClean = true;
    }
  }
  const told: unknown[] = [];
  for await (const { id, embedding, errorCode } of client.encodeAsync(slow(), { window: 4 })) {
    told.push([id, embedding, errorCode]);
    if (told.length === 20) break;
  }
  expect(told).toHaveLength(20);
  expect(told[3]).toEqual(["4", undefined, 1]);
  await until(() => isClean && server.native.desk.open === 0);

  const items = Array.from({ length: 200 }, (_, item) => item);
  const seen = new Set<string>();
  for await (const { id } of client.encodeAsync(items, { window: 8, maxNumBatch: 150 }))
    seen.add(id);
  expect([seen.size, most]).toEqual([150, 8]);
});

test("20,000 requests outstanding are all answered", async () => {
  await using server = await startNative((item) => item);
  await using client = new Client({ port: server.port, window: 20_000 });
  const items = Array.from({ length: 20_000 }, (_, item) => item);
  expect(await Promise.all(items.map((item) => client.encode<number>(item)))).toEqual(items);
});

test("what is under way does not stay in memory", async () => {
  await using server = await startNative(() => null);
  await using client = new Client({ port: server.port, window: 64 });
  const item = new Uint8Array(64 * 1024);
  const round = async (): Promise<void> => {
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(Array.from({ length: 100 }, () => client.encode(item)));
    }
  };
  const usedBytes = (): number => {
    Bun.gc(true);
    return process.memoryUsage().arrayBuffers;
  };
  await round();
  await turn();
  const before = usedBytes();
  await round();
  await round();
  // What has just been answered is let go in the next turns.
  await until(() => usedBytes() - before < 16 * 1024 * 1024, { everyMs: 50 });
}, 60_000);

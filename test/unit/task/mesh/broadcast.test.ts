import { expect, test } from "bun:test";
import { Broadcast, type BroadcastOptions } from "../../../../src/task/mesh/broadcast.ts";
import { EventLog } from "../../../../src/task/mesh/event-log.ts";
import type { Feed } from "../../../../src/task/mesh/feed.ts";
import { Reception } from "../../../../src/task/mesh/reception.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { thrownBy } from "../../../support/thrown-by.ts";

const body = (length = 1): Uint8Array => new Uint8Array(length);

function made(options: Partial<BroadcastOptions> = {}): Broadcast {
  return new Broadcast({
    window: { events: 100, bytes: 10_000 },
    flight: { events: 3, bytes: 1_000 },
    waiting: { events: 2, bytes: 1_000 },
    ...options,
  });
}

/** All that is to be said now: "after>seq", or "missed after>upTo". */
function saidBy(feed: Feed): string[] {
  const said: string[] = [];
  for (let next = feed.next(); next; next = feed.next()) {
    if (next.kind === "event") said.push(`${next.after}>${next.event.seq}`);
    else said.push(`missed ${next.after}>${next.upTo}`);
  }
  return said;
}

test("append() lets the oldest go, by number and by bytes, but never the latest", () => {
  const log = new EventLog({ events: 3, bytes: 100 });
  for (let count = 0; count < 5; count++) log.append({ body: body(10), to: undefined });
  expect([log.first, log.head, log.at(2), log.at(3)?.seq]).toEqual([3, 5, undefined, 3]);
  log.append({ body: body(85), to: undefined });
  expect([log.first, log.totalAt(5), log.totalAt(6)]).toEqual([5, 50, 135]);
  log.append({ body: body(500), to: undefined });
  expect([log.first, log.head]).toEqual([7, 7]);
});

test("next() says what is for the peer, and after which event of its own it comes", () => {
  const broadcast = made({ flight: { events: 100, bytes: 1_000 } });
  const one = broadcast.attach(1, "slow");
  const two = broadcast.attach(2, "slow");
  for (const to of [undefined, 2, 1, undefined]) void broadcast.emit({ body: body(), to });
  expect(saidBy(one)).toEqual(["0>1", "1>3", "3>4"]);
  expect(saidBy(two)).toEqual(["0>1", "1>2", "2>4"]);
  broadcast.onAsk(1, 1);
  expect(saidBy(one)).toEqual(["1>3", "3>4"]);
});

test("emit() waits for a slow peer, rejects beyond what may wait, and keeps the order", async () => {
  const broadcast = made();
  const feed = broadcast.attach(1, "slow");
  for (let count = 0; count < 3; count++)
    expect(broadcast.emit({ body: body(), to: undefined })).toBeUndefined();
  const waiting = [
    broadcast.emit({ body: body(), to: undefined }),
    broadcast.emit({ body: body(), to: undefined }),
  ];
  expect(
    await thrownBy(Promise.resolve().then(() => broadcast.emit({ body: body(), to: undefined }))),
  ).toMatchObject({
    code: "queue.full",
    details: { nodes: [1] },
  });
  expect(saidBy(feed)).toEqual(["0>1", "1>2", "2>3"]);
  broadcast.onTaken(1, 1);
  await waiting[0];
  expect(broadcast.head).toBe(4);
  expect(saidBy(feed)).toEqual(["3>4"]);
  broadcast.detach(1);
  await waiting[1];
  expect(broadcast.head).toBe(5);
});

test("emit() goes on for a peer that is passed over, which is told; its events are counted", () => {
  const broadcast = made();
  const feed = broadcast.attach(1, "drop");
  for (let count = 0; count < 5; count++)
    expect(broadcast.emit({ body: body(), to: undefined })).toBeUndefined();
  expect(saidBy(feed)).toEqual(["0>1", "1>2", "2>3"]);
  for (let count = 0; count < 3; count++)
    void broadcast.emit({ body: body(), to: count === 0 ? 2 : undefined });
  expect(saidBy(feed)).toEqual([]); // it is told once, when it takes something again
  for (let count = 0; count < 6; count++) void broadcast.emit({ body: body(), to: undefined });
  expect(saidBy(feed)).toEqual([]);
  expect(feed.dropped).toBe(10);
  broadcast.onTaken(1, 1);
  expect(saidBy(feed)).toEqual(["missed 3>14"]);
  broadcast.onTaken(1, 14);
  void broadcast.emit({ body: body(), to: undefined });
  expect(saidBy(feed)).toEqual(["14>15"]);
});

test("attach() of a peer that is back says what it lacks, and tells what is gone", () => {
  const broadcast = made({ window: { events: 4, bytes: 1_000 } });
  for (let count = 0; count < 6; count++) void broadcast.emit({ body: body(), to: undefined });
  expect(saidBy(broadcast.attach(1, "slow"))).toEqual([]);
  const back = broadcast.attach(2, "slow", 4);
  expect(saidBy(back)).toEqual(["4>5", "5>6"]);
  const late = broadcast.attach(3, "slow", 1);
  expect(late.next()).toEqual({ kind: "missed", after: 1, upTo: 2, events: 1 });
});

test("attach() tells how many events are gone, though their entries held many and are gone too", () => {
  const broadcast = made({ window: { events: 4, bytes: 1_000 } });
  for (let count = 0; count < 100; count++) {
    void broadcast.emit({ body: body(), to: undefined, count: 7 });
  }
  const late = broadcast.attach(3, "slow", 10);
  expect(late.next()).toEqual({ kind: "missed", after: 10, upTo: 96, events: 602 });
});

test("a reception asks once for a gap, again when nothing comes, and notices a lost end", () => {
  const clock = new FakeClock();
  const heard: (number | string)[] = [];
  const reception = new Reception({
    after: 0,
    deliver: ({ seq }) => heard.push(seq),
    missed: (after, upTo) => heard.push(`missed ${after}>${upTo}`),
    ask: (after) => heard.push(`ask ${after}`),
    retryMs: 100,
    mostEarly: 2,
    clock,
  });
  const event = (seq: number, after = seq - 1): void => {
    reception.accept({
      kind: "event",
      after,
      event: { seq, body: body(), note: undefined },
    });
  };
  event(1);
  for (const seq of [4, 3, 5]) event(seq); // there is room for two
  expect(heard.splice(0)).toEqual([1, "ask 1"]);
  clock.advance(100);
  expect(heard.splice(0)).toEqual(["ask 1"]);
  event(2);
  event(2);
  event(1);
  expect([heard.splice(0), reception.duplicates]).toEqual([[2, 3, 4], 2]);
  clock.advance(100);
  expect(heard.splice(0)).toEqual(["ask 4"]);
  event(5);
  expect([heard.splice(0), clock.pending]).toEqual([[5], 0]);
  reception.onTold(7);
  event(7);
  reception.accept({ kind: "missed", after: 5, upTo: 6 });
  expect([heard, clock.pending]).toEqual([["ask 5", "missed 5>6", 7], 0]);
});

test("free() hears of memory that nobody reads any more, and of none that may be on its way or said again", () => {
  const freed: number[] = [];
  const broadcast = made({
    window: { events: 2, bytes: 10_000 },
    flight: { events: 100, bytes: 1_000 },
    free: (memory) => freed.push(memory[0] ?? 0),
  });
  let count = 0;
  const emit = (): void => {
    const memory = new Uint8Array([(count += 1)]);
    void broadcast.emit({ body: memory, to: undefined, memory });
    for (const feed of broadcast.feeds.values()) saidBy(feed);
  };
  broadcast.attach(1, "slow");
  broadcast.attach(2, "slow");
  for (let entry = 1; entry <= 3; entry++) emit();
  broadcast.onTaken(1, 3);
  expect(freed).toEqual([]); // 1 is on its way to node 2 when it makes way
  broadcast.onTaken(2, 3);
  emit();
  emit();
  expect(freed).toEqual([2, 3]);
  broadcast.onTaken(1, 5);
  broadcast.detach(2); // whose session may say 4 and 5 again
  for (let entry = 6; entry <= 8; entry++) emit();
  expect(freed).toEqual([2, 3]);
  broadcast.onTaken(1, 8);
  broadcast.share();
  for (let entry = 9; entry <= 11; entry++) emit();
  broadcast.onTaken(1, 11);
  emit();
  expect(freed).toEqual([2, 3, 10]);
});

import { DatabaseSync } from "node:sqlite";
import { expect, test } from "bun:test";
import type { Job } from "../../../../src/broker/job.ts";
import { openSchema } from "../../../../src/broker/sqlite/schema.ts";
import { SqliteStore } from "../../../../src/broker/sqlite/sqlite-store.ts";
import { prepareStatements } from "../../../../src/broker/sqlite/statements.ts";
import { Takings } from "../../../../src/broker/sqlite/takings.ts";

const LEASE_MS = 100;
const EXPIRED = { code: "lease.expired" };

/** A store whose every call is a transaction, at a time that is told. */
function openStore(maxLength = 100) {
  const db = new DatabaseSync(":memory:");
  const number = openSchema(db, "q", "q");
  const terms = { maxAttempts: 5, maxLength, keyWindowMs: 1_000 };
  const store = new SqliteStore(prepareStatements(db, number), new Takings(db, number), terms);
  const run = <T>(step: () => T): T => {
    try {
      return step();
    } finally {
      store.finish();
    }
  };
  const job = (id: string) => ({ id, value: new Uint8Array(1), priority: 0, delayMs: 0 });
  return {
    db,
    [Symbol.dispose]: () => db.close(),
    push: (...ids: string[]) => run(() => store.push(ids.map(job), 0)),
    take: (max: number, nowMs = 0) => run(() => store.take(max, LEASE_MS, nowMs)).jobs,
    ack: (lease: Job | undefined, nowMs = 0) => run(() => store.ack(lease ?? NOBODY, nowMs)),
    extend: (lease: Job | undefined, nowMs = 0) =>
      run(() => store.extend(lease ?? NOBODY, LEASE_MS, nowMs)),
    stats: (nowMs = 0) => run(() => store.stats(nowMs)),
  };
}

const NOBODY = { id: "", receipt: "" };

test("ack() of a taking that has ended is refused, also when its number is another's by now", () => {
  using store = openStore();
  store.push("a", "b");
  const [late] = store.take(2);
  const again = store.take(2, LEASE_MS);
  for (const job of again) store.ack(job, LEASE_MS);
  store.push("c", "d");
  const [other] = store.take(2, LEASE_MS);
  const numberOf = (job: Job | undefined) => job?.receipt.split(":")[2];
  expect(numberOf(other)).toBe(numberOf(late) ?? "");
  expect(() => store.ack(late, LEASE_MS)).toThrow(expect.objectContaining(EXPIRED));
  expect(() => store.extend(late, LEASE_MS)).toThrow(expect.objectContaining(EXPIRED));
  expect(store.stats(LEASE_MS)).toMatchObject({ length: 2, leased: 2 });
});

test("push() has room for what is done, also while others of its taking are not", () => {
  using store = openStore(3);
  store.push("a", "b", "c");
  const jobs = store.take(3);
  expect(() => store.push("d")).toThrow(expect.objectContaining({ code: "queue.full" }));
  store.ack(jobs[1]);
  store.push("d");
  expect(() => store.push("e")).toThrow(expect.objectContaining({ code: "queue.full" }));
  store.ack(jobs[0]);
  store.ack(jobs[2]);
  expect(store.stats()).toMatchObject({ length: 1, ready: 1, leased: 0 });
});

test("extend() of one leaves those done that were, and the others their lease", () => {
  using store = openStore();
  store.push("a", "b", "c");
  const [a, b, c] = store.take(3);
  store.ack(b);
  store.extend(a, LEASE_MS / 2);
  expect(() => store.ack(b)).toThrow(expect.objectContaining(EXPIRED));
  store.ack({ ...(c as Job) });
  expect(store.take(3, LEASE_MS)).toEqual([]);
  store.ack(a, LEASE_MS);
  expect(store.stats(LEASE_MS).length).toBe(0);
});

test("openSchema() reads the jobs of a file that knew no takings, and leaves one of later times alone", () => {
  using store = openStore();
  const { db } = store;
  db.exec("DROP TABLE takes_1; DROP INDEX back_1; PRAGMA user_version = 1");
  db.exec(`INSERT INTO jobs_1 (priority, at_ms, leased, attempt, fence, pushed_ms, id, value) VALUES
    (0, NULL, 0, 0, 0, 1, 'new', x'01'), (0, NULL, 0, 1, 1, 1, 'came back', x'02'), (0, 50, 1, 1, 1, 1, 'leased', x'03')`);
  openSchema(db, "q", "q");
  const again = new SqliteStore(prepareStatements(db, 1), new Takings(db, 1), {
    maxAttempts: 5,
    maxLength: 9,
    keyWindowMs: 1,
  });
  const seen = again.take(9, LEASE_MS, 60).jobs.map(({ id, attempt }) => [id, attempt]);
  expect(seen).toEqual([
    ["new", 1],
    ["came back", 2],
    ["leased", 2],
  ]);
  db.exec("PRAGMA user_version = 3");
  expect(() => openSchema(db, "q", "q")).toThrow(expect.objectContaining({ code: "queue.broken" }));
});

import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { MemoryLink } from "../../../src/link/memory.ts";
import { JoinedSlave } from "../../../src/master/joined-slave.ts";
import { thrownBy } from "../../support/interaction.ts";

const link = (): MemoryLink => MemoryLink.pair()[0];
const { signal } = new AbortController();

test("take() gives the link that was offered, then waits for the next", async () => {
  const [first, second] = [link(), link()];
  const slave = new JoinedSlave("n1", "boot", first);
  expect(await slave.take(signal, 1_000)).toBe(first);
  const next = slave.take(signal, 1_000);
  slave.offer(second);
  expect(await next).toBe(second);
});

test("take() rejects when the slave does not dial again, or nobody waits any more", async () => {
  const slave = new JoinedSlave("n1", "boot", link());
  await slave.take(signal, 1_000);
  expect(((await thrownBy(slave.take(signal, 5))) as DingError).code).toBe("network.refused");
  const abort = new AbortController();
  const taken = thrownBy(slave.take(abort.signal, 1_000));
  abort.abort(new Error("enough"));
  expect((await taken).message).toBe("enough");
});

test("take() passes over a link that has closed meanwhile", async () => {
  const [dead, alive] = [link(), link()];
  const slave = new JoinedSlave("n1", "boot", dead);
  dead.terminate();
  const taken = slave.take(signal, 1_000);
  slave.offer(alive);
  expect(await taken).toBe(alive);
});

test("offer() ends the link in use: a slave dials again only when it is dead", async () => {
  const [used, fresh] = [link(), link()];
  const slave = new JoinedSlave("n1", "boot", used);
  await slave.take(signal, 1_000);
  slave.offer(fresh);
  expect(used.isClosed).toBe(true);
  expect(await slave.take(signal, 1_000)).toBe(fresh);
});

test("offer() twice keeps the newest", async () => {
  const [first, second] = [link(), link()];
  const slave = new JoinedSlave("n1", "boot", first);
  slave.offer(second);
  expect(first.isClosed).toBe(true);
  expect(await slave.take(signal, 1_000)).toBe(second);
});

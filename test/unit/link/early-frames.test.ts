import { expect, test } from "bun:test";
import { MemoryLink } from "../../../src/link/memory.ts";
import { until } from "../../support/until.ts";

const HALF_MIB = new Uint8Array(512 * 1024);

test("a link that nobody listens to ends when more than 1 MiB has come", async () => {
  const [near, far] = MemoryLink.pair();
  near.send(HALF_MIB);
  near.send(HALF_MIB);
  await new Promise((resolve) => setImmediate(resolve));
  expect(far.isClosed).toBe(false);
  near.send(new Uint8Array(1));
  await until(() => near.isClosed && far.isClosed, { what: "the end" });
});

test("pause() with a limit of its own keeps as much as that", async () => {
  const [near, far] = MemoryLink.pair();
  far.pause(Infinity);
  for (let count = 0; count < 4; count++) near.send(HALF_MIB);
  await new Promise((resolve) => setImmediate(resolve));
  const got: number[] = [];
  far.listen({ frame: ({ length }) => void got.push(length), close() {} });
  expect(got).toEqual(Array.from({ length: 4 }, () => HALF_MIB.length));
});

import { fork } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "bun:test";
import { childLink } from "../../../src/link/ipc.ts";
import { until } from "../../support/until.ts";

/** Has a child send so many bytes while this process reads nothing for a while; gives all that came. */
async function askFor(bytes: number, deafMs: number): Promise<Uint8Array[]> {
  const child = fork(`${import.meta.dir}/fixtures/talkative-child.ts`, {
    serialization: "advanced",
  });
  const exited = once(child, "exit");
  const frames: Uint8Array[] = [];
  const link = childLink(child);
  link.listen({ frame: (frame) => void frames.push(frame), close() {} });
  await until(() => frames.length === 1, { what: "the child" });
  const ask = new Uint8Array(4);
  new DataView(ask.buffer).setUint32(0, bytes);
  link.send(ask);
  const endMs = performance.now() + deafMs;
  while (performance.now() < endMs) {
    // deaf
  }
  await until(() => frames.length === 3, { what: "what the child says" });
  link.close("done");
  await exited;
  return frames.slice(1);
}

test("left() resolves when what was sent is in the system's hands: not before the other end reads a lot", async () => {
  const [large, told] = await askFor(5_000_000, 150);
  expect(large?.length).toBe(5_000_000);
  expect(told?.[0]).toBe(1);
  expect(told?.[1]).toBeGreaterThan(50);
});

test("left() resolves at once for what the pipe has room for", async () => {
  const [small, told] = await askFor(1_000, 150);
  expect(small?.length).toBe(1_000);
  expect(told?.[0]).toBe(1);
  expect(told?.[1]).toBeLessThan(50);
});

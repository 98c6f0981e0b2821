import { expect, test } from "bun:test";
import type { Link } from "../../src/link/link.ts";
import { until } from "../support/until.ts";

/** Two ends of one fresh link, and what makes them go away afterwards. */
export interface LinkPair extends AsyncDisposable {
  near: Link;
  far: Link;
}

/** What every kind of link promises; each implementation runs it. */
export function linkContract(open: () => Promise<LinkPair>): void {
  test("send() delivers whole frames in order, of any size", async () => {
    await using pair = await open();
    const lengths: number[] = [];
    pair.far.listen({ frame: (bytes) => void lengths.push(bytes.length), close() {} });
    const sizes = Array.from({ length: 100 }, (_, size) => size * 37).concat(3_000_000, 1);
    for (const size of sizes) expect(pair.near.send(new Uint8Array(size))).toBe(true);
    await until(() => lengths.length === sizes.length, { what: "all frames" });
    expect(lengths).toEqual(sizes);
  });

  test("send() goes both ways, and content stays what it was", async () => {
    await using pair = await open();
    const { near, far } = pair;
    const echoed: string[] = [];
    far.listen({ frame: (bytes) => void far.send(bytes), close() {} });
    near.listen({
      frame: (bytes) => void echoed.push(new TextDecoder().decode(bytes)),
      close() {},
    });
    near.send(new TextEncoder().encode("hello"));
    near.send(new TextEncoder().encode("again"));
    await until(() => echoed.length === 2, { what: "the echo" });
    expect(echoed).toEqual(["hello", "again"]);
  });

  test("listen() late gets the frames and the end that came before", async () => {
    await using pair = await open();
    pair.near.send(new Uint8Array([7]));
    const order: unknown[] = [];
    // A first listener proves that the frame has arrived, then hands the link over.
    pair.near.send(new Uint8Array([8]));
    pair.far.listen({ frame: (bytes) => void order.push(bytes[0]), close() {} });
    await until(() => order.length === 2, { what: "early frames" });
    pair.far.pause();
    pair.near.close("enough");
    await pair.far.closed;
    pair.far.listen({ frame() {}, close: () => void order.push("closed") });
    expect(order).toEqual([7, 8, "closed"]);
  });

  test("close() ends both ends, once, and send() then says false", async () => {
    await using pair = await open();
    const ends: string[] = [];
    pair.near.listen({ frame() {}, close: () => void ends.push("near") });
    pair.far.listen({ frame() {}, close: () => void ends.push("far") });
    pair.near.close("done");
    pair.near.close("done again");
    await until(() => ends.length === 2, { what: "both ends" });
    expect(ends.toSorted()).toEqual(["far", "near"]);
    expect(pair.near.send(new Uint8Array(1))).toBe(false);
    expect(pair.near.isClosed).toBe(true);
  });

  test("terminate() is seen by the other end", async () => {
    await using pair = await open();
    pair.near.terminate();
    await pair.far.closed;
    expect(pair.far.isClosed).toBe(true);
  });
}

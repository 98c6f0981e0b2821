import { expect, test } from "bun:test";
import { msgpack } from "../../../../src/protocol/codec.ts";
import type { IncomingCall } from "../../../../src/rpc/peer.ts";
import { StatisticsOut } from "../../../../src/serve/worker/statistics.ts";

test("record() keeps numbers until a call carries them; what is no number is left out, a long name cut", () => {
  const out = new StatisticsOut();
  const told: unknown[] = [];
  const event = (_name: string, body: Uint8Array): void => void told.push(msgpack.decode(body));
  out.record({ early: 1 });
  out.record({ nan: Number.NaN, far: Infinity });
  for (const none of [undefined, null, 1]) out.record(none as never);
  out.begin({ event } as unknown as IncomingCall);
  out.record({ ["x".repeat(1_000)]: 2, ü: -0.5 });
  out.end();
  out.record({ late: 3 });
  expect(told).toEqual([{ early: 1 }, { ["x".repeat(128)]: 2, ü: -0.5 }]);
});
